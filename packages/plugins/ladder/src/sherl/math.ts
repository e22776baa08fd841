import {
  add,
  div,
  expandDims,
  matMul,
  maximum,
  mul,
  relu,
  rsqrt,
  squeeze,
  sum,
  type Tensor,
  tanh,
} from '@tensorflow/tfjs-core';

/** Norms below it count as it: rows of zeros are like no other row. */
const smallestNorm = 1e-8;

/**
 * How redundant each of several states is among them: `ρ_i = Σ_j ReLU(cos(X_i, X_j))`, itself included, so at least 1.
 * SHERL (Diao et al. 2024, arXiv:2407.07523), early route.
 * @param states `[rows, states, width]`
 * @returns `[rows, states]`
 */
export function redundancy(states: Tensor): Tensor {
  const squares = sum(mul(states, states), -1, true);
  const directions = mul(states, rsqrt(maximum(squares, smallestNorm ** 2)));
  const alike = relu(matMul(directions, directions, false, true));
  // Rounding, or a row of zeros, must not bring the term of a state with itself below 1.
  return maximum(sum(alike, -1), 1);
}

/**
 * Share of each shallow state in the merge: `w_i ∝ ReLU(a · (X_i ⊙ g) + b) / ρ_i`, of sum 1, or all 0 where every ReLU is off.
 * @param states shallow states X, `[rows, states, width]`
 * @param deep deepest state g, `[rows, width]`
 * @param a `[width, 1]`
 * @param b `[1]`
 * @param epsilon least sum that is divided by
 * @returns `[rows, states]`
 */
export function mergeShares(states: Tensor, deep: Tensor, a: Tensor, b: Tensor, epsilon: number): Tensor {
  const guide = expandDims(mul(deep, squeeze(a, [1])), -1);
  const scores = div(relu(add(squeeze(matMul(states, guide), [2]), b)), redundancy(states));
  return div(scores, maximum(sum(scores, -1, true), epsilon));
}

/** Share of the backbone's own state in the late layer's input, `tanh(α / T)`: 0 at the start. */
export function gate(alpha: Tensor, temperature: number): Tensor {
  return tanh(mul(alpha, 1 / temperature));
}
