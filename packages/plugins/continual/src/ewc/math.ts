import { add, div, exp, mul, neg, square, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** What one sample adds to the diagonal of the Fisher information: g². */
export function fisherOfSample(gradient: Tensor): Tensor {
  return square(gradient);
}

/**
 * g² p(y | x), where the loss is −log p(y | x): as Mammoth weights the samples of its online EWC. Samples that the model
 * gets wrong, which have the largest gradients, then count least.
 * @param loss a scalar
 */
export function weightedFisherOfSample(gradient: Tensor, loss: Tensor): Tensor {
  return tidy(() => mul(square(gradient), exp(neg(loss))));
}

/** (Σ g / n)²: the square of a batch's mean gradient, as Avalanche takes it. Gradients that differ cancel. */
export function fisherOfBatchMean(sum: Tensor, samples: number): Tensor {
  return tidy(() => square(div(sum, samples)));
}

/** F = γ F_old + F_new (Schwarz et al. 2018, arXiv:1805.06370, section 4). */
export function decayed(before: Tensor, gamma: number, fresh: Tensor): Tensor {
  return tidy(() => add(mul(before, gamma), fresh));
}
