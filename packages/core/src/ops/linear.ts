import { fused, matMul, reshape, sum, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { linearBefore } from './activated-linear.ts';
import { ownOp } from './own-op.ts';

/**
 * `y = x · weight + bias` over the last axis. Saves x only if the weight trains, and nothing at all if only the bias does.
 * @param x `[..., in]`
 * @param weight `[in, out]`
 * @param bias `[out]`
 * @returns `[..., out]`
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return run({ x, weight, bias }, {});
}

const run = ownOp<'x' | 'weight' | 'bias', object>({
  name: 'tapgrad.Linear',
  inputs: ['x', 'weight', 'bias'],
  forward({ x, weight, bias }) {
    const [a, b] = [x as Tensor, weight as Tensor2D];
    const activated = linearBefore(a, b, bias);
    if (activated) return activated;
    const y = fused.matMul({ a: rows(a), b, ...(bias && { bias }) });
    return a.rank === 2 ? y : reshape(y, [...a.shape.slice(0, -1), b.shape[1]]);
  },
  saves: (need) => [need.weight && 'x', need.x && 'weight'],
  backward: ({ dy, saved, shapes, release }) => ({
    weight() {
      const gradient = matMul(rows(saved.x), rows(dy), true, false);
      release('x');
      return gradient;
    },
    bias: () => sum(rows(dy), 0),
    x: () => reshape(matMul(rows(dy), saved.weight as Tensor2D, false, true), shapes.x),
  }),
});

/** All axes but the last, merged: `[rows, last]`. */
export function rows(x: Tensor): Tensor2D {
  return x.rank === 2 ? (x as Tensor2D) : reshape(x, [-1, x.shape.at(-1) ?? 1]);
}
