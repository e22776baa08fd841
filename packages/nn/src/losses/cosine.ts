import { div, greater, maximum, mul, relu, sqrt, sub, sum, type Tensor, where } from '@tensorflow/tfjs-core';
import { type ReductionOption, reduce } from './reduction.ts';

const smallestNorm = 1e-8;

/** Cosine of the angle between rows: `[..., width]` and `[..., width]` give `[...]`. Rows of zeros have similarity 0. */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor {
  const squares = mul(squaredNorm(a), squaredNorm(b));
  return div(sum(mul(a, b), -1), sqrt(maximum(squares, smallestNorm ** 2)));
}

export interface CosineEmbeddingOptions extends ReductionOption {
  /** Dissimilar pairs cost nothing below this cosine. Default 0. */
  readonly margin?: number;
}

/**
 * `1 - cos` for pairs that belong together (sign 1), `max(0, cos - margin)` for those that do not (sign -1).
 * @param a `[batch, width]`
 * @param b `[batch, width]`
 * @param signs `[batch]` of 1 and -1
 */
export function cosineEmbedding(a: Tensor, b: Tensor, signs: Tensor, options: CosineEmbeddingOptions = {}): Tensor {
  const cosine = cosineSimilarity(a, b);
  const apart = relu(sub(cosine, options.margin ?? 0));
  return reduce(where(greater(signs, 0), sub(1, cosine), apart), options.reduction);
}

function squaredNorm(x: Tensor): Tensor {
  return sum(mul(x, x), -1);
}
