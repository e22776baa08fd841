import { div, mean, mul, slice, squaredDifference, sum, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Mean over all elements of (logits − stored)², of the columns that were there when they were stored: a head may have grown.
 * @param logits `[batch, classes]`
 * @param stored `[batch, columns]`
 * @param mask `[batch, columns]`, 1 where there is a stored value; default: everywhere
 */
export function storedLogitsError(logits: Tensor, stored: Tensor, mask?: Tensor): Tensor {
  const columns = Math.min(logits.shape[1] as number, stored.shape[1] as number);
  const errors = squaredDifference(firstColumns(logits, columns), firstColumns(stored, columns));
  if (!mask) return mean(errors);
  const known = firstColumns(mask, columns);
  return div(sum(mul(errors, known)), sum(known));
}

function firstColumns(values: Tensor, columns: number): Tensor {
  return values.shape[1] === columns ? values : slice(values, [0, 0], [-1, columns]);
}
