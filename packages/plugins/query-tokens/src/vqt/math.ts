import { add, div, maximum, mul, reshape, sqrt, square, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Under this norm a vector is divided by it instead: that of nothing stays nothing. */
const smallestNorm = 1e-12;
/** Keeps the slope of a norm finite where it is 0. */
const smallestSquare = 1e-24;

/** Rows over their L2 norm: `[batch, width]`. VQT (Tu et al. 2023, arXiv:2212.03220), before the linear head. */
export function unitRows(x: Tensor): Tensor {
  return div(x, maximum(sqrt(add(sum(square(x), 1, true), smallestSquare)), smallestNorm));
}

/** Σ_t w_t z_t: queries `[batch, count, width]` and their weights `[count]` to `[batch, width]`. */
export function weightedQueries(queries: Tensor, weights: Tensor): Tensor {
  return sum(mul(queries, reshape(weights, [-1, 1])), 1);
}

/** L2 norm of what a linear head `[features, classes]` makes of each feature: `[features]`. */
function featureNorms(weight: Tensor): Tensor {
  return sqrt(add(sum(square(weight), 1), smallestSquare));
}

/** Σ_j ‖W_j‖₂ over the features of a head `[features, classes]` (Yuan & Lin 2006; Evci et al. 2022 for features). */
export function groupLasso(weight: Tensor): Tensor {
  return sum(featureNorms(weight));
}

/**
 * Numbers of the features that weigh most in a head `[features, classes]`, ascending: the first `fraction` of all
 * features by the L2 norm of their weights. Of equals the first is kept.
 */
export async function strongestFeatures(weight: Tensor, fraction: number): Promise<number[]> {
  const norms = tidy(() => featureNorms(weight));
  const values = await norms.data();
  norms.dispose();
  const ranked = Array.from(values.keys()).sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
  return ranked.slice(0, Math.max(1, Math.round(fraction * ranked.length))).sort((a, b) => a - b);
}
