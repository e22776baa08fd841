/**
 * Piecewise activations. Where the output tells which piece it is, the output is kept: the next layer saves it anyway.
 * At a kink the slope is that of the left piece (relu and leaky relu at 0: as tfjs; relu6 at 6: 0, as PyTorch; clip at
 * its bounds: 1, as tfjs).
 */
import {
  add,
  cast,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  minimum,
  mul,
  step,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { elementwise } from './elementwise-rule.ts';
import { rule } from './registry.ts';

const SELU_SCALE_ALPHA = 1.7580993408473768;
const SELU_SCALE = 1.0507009873554805;

const indicator = (condition: Tensor): Tensor => cast(condition, 'float32');

elementwise('Relu', { from: 'y', derivative: (y) => step(y), fused: 'tapgrad.ReluGrad' });
elementwise('Relu6', {
  from: 'y',
  derivative: (y) => indicator(logicalAnd(greater(y, 0), less(y, 6))),
  fused: 'tapgrad.Relu6Grad',
});
elementwise<{ alpha: number }>('LeakyRelu', { from: 'x', derivative: (x, { alpha }) => step(x, alpha) });
elementwise('Elu', { from: 'y', derivative: (y) => add(minimum(y, 0), 1) });
elementwise('Selu', {
  from: 'y',
  derivative: (y) => add(mul(step(y), SELU_SCALE - SELU_SCALE_ALPHA), add(minimum(y, 0), SELU_SCALE_ALPHA)),
});
elementwise<{ clipValueMin: number; clipValueMax: number }>('ClipByValue', {
  from: 'x',
  derivative: (x, { clipValueMin, clipValueMax }) =>
    indicator(logicalAnd(greaterEqual(x, clipValueMin), lessEqual(x, clipValueMax))),
});

rule('Prelu', {
  inputs: ['x', 'alpha'],
  cheap: true,
  saves: (need) => ['x', need.x && 'alpha'],
  backward: ({ dy, saved, shapes }) => ({
    x: () => sumTo(where(greater(saved.x, 0), dy, mul(dy, saved.alpha)), shapes.x),
    alpha: () => sumTo(mul(dy, minimum(saved.x, 0)), shapes.alpha),
  }),
});

/** `dx = dy · (y >= 0 ? 1 : y + 1)`, the kernel of elu's own gradient. */
rule('EluGrad', {
  inputs: ['dy', 'y'],
  saves: (need) => ['y', need.y && 'dy'],
  backward: ({ dy, saved }) => ({
    dy: () => mul(dy, add(minimum(saved.y, 0), 1)),
    y: () => where(less(saved.y, 0), mul(dy, saved.dy), zerosLike(dy)),
  }),
});
