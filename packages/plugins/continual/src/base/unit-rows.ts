import { div, maximum, mul, sqrt, sum, type Tensor } from '@tensorflow/tfjs-core';

/** Norms below it count as it: a row of zeros is like no other. */
const smallestNorm = 1e-8;

/** Rows over their L2 norm: `[rows, width]`. */
export function unitRows(x: Tensor): Tensor {
  return div(x, sqrt(maximum(sum(mul(x, x), -1, true), smallestNorm ** 2)));
}
