import { add, gather, logSumExp, matMul, mul, reshape, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Logit of a target that a class does not have: nothing in a log-sum-exp. */
const none = -1e30;

/**
 * Logits of classes that have one target or several: `z_c = log Σ_j exp(s · cos(f, t_cj))`, which for one target is
 * `s · cos(f, t_c)`. LingoCL (Ni et al. 2024, arXiv:2403.16124); several targets as in MuproCL (arXiv:2509.16011).
 * @param directions unit features, `[batch, width]`
 * @param targets unit rows, those of a class beside each other, `[rows, width]`
 * @param counts number of targets of each class
 * @param scale s, a number or a scalar
 * @returns `[batch, classes]`
 */
export function cosineLogits(
  directions: Tensor,
  targets: Tensor,
  counts: readonly number[],
  scale: Tensor | number,
): Tensor {
  const rows = mul(matMul(directions, targets, false, true), scale);
  const most = Math.max(...counts);
  if (most === 1) return rows;
  const places: number[] = [];
  const mask: number[] = [];
  let first = 0;
  for (const count of counts) {
    for (let j = 0; j < most; j++) {
      places.push(first + Math.min(j, count - 1));
      mask.push(j < count ? 0 : none);
    }
    first += count;
  }
  const byClass = reshape(gather(rows, places, 1), [-1, counts.length, most]);
  return logSumExp(add(byClass, tensor(mask, [1, counts.length, most])), -1);
}

/** Vectors over their L2 norm, in the precision of `Math`. */
export function unitVector(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
