/** Powers, exponentials and logarithms of one tensor. Those whose derivative is a function of the output keep that. */
import { add, div, exp, mul, neg, reciprocal, sigmoid, square, step, sub } from '@tensorflow/tfjs-core';
import { elementwise } from './elementwise-rule.ts';
import { rule } from './registry.ts';

rule('Neg', { inputs: ['x'], cheap: true, backward: ({ dy }) => ({ x: () => neg(dy) }) });

/** At 0 the slope is -1, as in tfjs. */
elementwise('Abs', { from: 'x', derivative: (x) => step(x, -1) });
elementwise('Square', { from: 'x', derivative: (x) => mul(x, 2) });
elementwise('Sqrt', { from: 'y', derivative: (y) => div(0.5, y) });
elementwise('Rsqrt', { from: 'y', derivative: (y) => mul(mul(square(y), y), -0.5) });
elementwise('Reciprocal', { from: 'y', derivative: (y) => neg(square(y)) });

elementwise('Exp', { from: 'y', derivative: (y) => y });
elementwise('Expm1', { from: 'y', derivative: (y) => add(y, 1) });
elementwise('Log', { from: 'x', derivative: (x) => reciprocal(x) });
elementwise('Log1p', { from: 'x', derivative: (x) => reciprocal(add(x, 1)) });

elementwise('Sigmoid', { from: 'y', derivative: (y) => mul(y, sub(1, y)) });
elementwise('Softplus', { from: 'x', derivative: (x) => sigmoid(x) });
elementwise('Erf', { from: 'x', derivative: (x) => mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)) });
