import { add, expandDims, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { affine, inOrder } from './layer-norm.ts';
import { rows } from './linear.ts';
import { ownOp, runKernelIfAny } from './own-op.ts';

/**
 * Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019): `x · rstd · weight`.
 * Keeps x and one rstd a row.
 * @param x `[..., d]`
 * @param weight `[d]`
 */
export function rmsNorm(x: Tensor, weight?: Tensor, epsilon = 1e-6): Tensor {
  return run({ x, weight }, { epsilon });
}

const run = ownOp<'x' | 'weight' | 'rstd', { epsilon: number }>({
  name: 'tapgrad.RmsNorm',
  inputs: ['x', 'weight'],
  aux: ['rstd'],
  forward({ x, weight }, { epsilon }) {
    const input = x as Tensor;
    const rstd = rsqrt(add(mean(square(input), -1), epsilon));
    return [affine(mul(input, expandDims(rstd, -1)), weight), rstd];
  },
  recompute(operands) {
    const { x, rstd, weight } = operands as { x: Tensor; rstd: Tensor } & typeof operands;
    const made = runKernelIfAny('tapgrad.RmsNormApply', operands, {}) as Tensor | undefined;
    return made ?? affine(mul(x, expandDims(rstd, -1)), weight);
  },
  saves: (need, { shapes }) => ['x', 'rstd', need.x && shapes.weight && 'weight'],
  backward({ dy, saved, need, shapes }) {
    const { x, rstd } = saved;
    const weight = need.x && shapes.weight ? saved.weight : undefined;
    const attrs = { needX: need.x, needWeight: need.weight };
    const fused = runKernelIfAny('tapgrad.RmsNormGrad', { dy, x, rstd, weight }, attrs);
    if (fused) return inOrder(['x', 'weight'], need, fused);
    const normalized = mul(x, expandDims(rstd, -1));
    return {
      weight: () => sum(rows(mul(dy, normalized)), 0),
      x() {
        const g = weight ? mul(dy, weight) : dy;
        return mul(sub(g, mul(normalized, mean(mul(g, normalized), -1, true))), expandDims(rstd, -1));
      },
    };
  },
});
