import { mean, square, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * Loss of the predictor of a gradient: ‖δ̂ − δ‖² (DNI, Jaderberg et al. 2017, arXiv:1608.05343), as a mean over all elements,
 * so that a learning rate suits images of any size. δ is taken as given.
 * @param predicted δ̂ `[batch, …]`
 * @param gradient δ of the same shape
 */
export function predictorLoss(predicted: Tensor, gradient: Tensor): Tensor {
  return tidy(() => mean(square(sub(predicted, gradient))));
}
