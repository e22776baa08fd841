import { add, expandDims, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { rows } from './linear.ts';
import { ownOp, runKernelIfAny } from './own-op.ts';

/**
 * Layer normalisation over the last axis (Ba et al. 2016): `(x − mean) · rstd · weight + bias`.
 * Keeps x and one mean and one rstd a row.
 * @param x `[..., d]`
 * @param weight `[d]`
 * @param bias `[d]`
 */
export function layerNorm(x: Tensor, weight?: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  return run({ x, weight, bias }, { epsilon });
}

const run = ownOp<'x' | 'weight' | 'bias' | 'mean' | 'rstd', { epsilon: number }>({
  name: 'tapgrad.LayerNorm',
  inputs: ['x', 'weight', 'bias'],
  aux: ['mean', 'rstd'],
  forward({ x, weight, bias }, { epsilon }) {
    const input = x as Tensor;
    const center = mean(input, -1);
    const variance = mean(square(sub(input, expandDims(center, -1))), -1);
    const rstd = rsqrt(add(variance, epsilon));
    return [affine(normalize(input, center, rstd), weight, bias), center, rstd];
  },
  recompute(operands) {
    const {
      x,
      mean: center,
      rstd,
      weight,
      bias,
    } = operands as { x: Tensor; mean: Tensor; rstd: Tensor } & typeof operands;
    const made = runKernelIfAny('tapgrad.LayerNormApply', operands, {}) as Tensor | undefined;
    return made ?? affine(normalize(x, center, rstd), weight, bias);
  },
  saves: (need, { shapes }) => [
    ...(need.x || need.weight ? (['x', 'mean', 'rstd'] as const) : []),
    need.x && shapes.weight && 'weight',
  ],
  backward({ dy, saved, need, shapes }) {
    const bias = () => sum(rows(dy), 0);
    if (!need.x && !need.weight) return { bias };
    const { x, mean: center, rstd } = saved;
    const weight = need.x && shapes.weight ? saved.weight : undefined;
    const attrs = { needX: need.x, needWeight: need.weight, needBias: need.bias };
    const fused = runKernelIfAny('tapgrad.LayerNormGrad', { dy, x, mean: center, rstd, weight }, attrs);
    if (fused) return inOrder(['x', 'weight', 'bias'], need, fused);
    const normalized = normalize(x, center, rstd);
    return {
      weight: () => sum(rows(mul(dy, normalized)), 0),
      bias,
      x() {
        const g = weight ? mul(dy, weight) : dy;
        const along = mul(normalized, mean(mul(g, normalized), -1, true));
        return mul(sub(sub(g, mean(g, -1, true)), along), expandDims(rstd, -1));
      },
    };
  },
});

function normalize(x: Tensor, center: Tensor, rstd: Tensor): Tensor {
  return mul(sub(x, expandDims(center, -1)), expandDims(rstd, -1));
}

export function affine(normalized: Tensor, weight?: Tensor, bias?: Tensor): Tensor {
  const scaled = weight ? mul(normalized, weight) : normalized;
  return bias ? add(scaled, bias) : scaled;
}

/** The outputs of a fused gradient kernel, which gives only those needed, by operand. */
export function inOrder<N extends string>(
  operands: readonly N[],
  need: Readonly<Record<N, boolean>>,
  made: Tensor | Tensor[],
): { [K in N]?: () => Tensor } {
  const outputs = Array.isArray(made) ? made : [made];
  const wanted = operands.filter((operand) => need[operand]);
  return Object.fromEntries(wanted.map((operand, index) => [operand, () => outputs[index] as Tensor])) as {
    [K in N]?: () => Tensor;
  };
}
