import { expandDims, matMul, squeeze, type Tensor } from '@tensorflow/tfjs-core';

/** `Σ_i w_i X_i`: states `[rows, states, width]` and shares `[rows, states]` give `[rows, width]`. */
export function weightedSum(states: Tensor, shares: Tensor): Tensor {
  return squeeze(matMul(expandDims(shares, 1), states), [1]);
}
