import { add, cos, cosh, mul, neg, reciprocal, rsqrt, sin, sinh, square, sub } from '@tensorflow/tfjs-core';
import { elementwise } from './elementwise-rule.ts';

elementwise('Sin', { from: 'x', derivative: (x) => cos(x) });
elementwise('Cos', { from: 'x', derivative: (x) => neg(sin(x)) });
elementwise('Tan', { from: 'y', derivative: (y) => add(square(y), 1) });
elementwise('Asin', { from: 'x', derivative: (x) => rsqrt(sub(1, square(x))) });
elementwise('Acos', { from: 'x', derivative: (x) => neg(rsqrt(sub(1, square(x)))) });
elementwise('Atan', { from: 'x', derivative: (x) => reciprocal(add(square(x), 1)) });

elementwise('Sinh', { from: 'x', derivative: (x) => cosh(x) });
elementwise('Cosh', { from: 'x', derivative: (x) => sinh(x) });
elementwise('Tanh', { from: 'y', derivative: (y) => sub(1, square(y)) });
elementwise('Asinh', { from: 'x', derivative: (x) => rsqrt(add(square(x), 1)) });
/** As a product of two roots: x² - 1 loses the digits that count near 1. */
elementwise('Acosh', { from: 'x', derivative: (x) => mul(rsqrt(sub(x, 1)), rsqrt(add(x, 1))) });
elementwise('Atanh', { from: 'x', derivative: (x) => reciprocal(mul(sub(1, x), add(x, 1))) });
