import { div, logSoftmax, mul, softmax, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { type ReductionOption, reduce } from './reduction.ts';

export interface KlDivergenceOptions extends ReductionOption {
  /** Both distributions are softened by it, and the loss is multiplied by its square (Hinton et al. 2015, arXiv:1503.02531). Default 1. */
  readonly temperature?: number;
}

/**
 * `KL(target || prediction)` of two softmax distributions given by logits, over the last axis: the distillation loss.
 * @param logits `[..., classes]`
 * @param targetLogits the same shape
 * @returns mean over examples (all axes but the last), or `[...]` with reduction `none`
 */
export function klDivergence(logits: Tensor, targetLogits: Tensor, options: KlDivergenceOptions = {}): Tensor {
  const { temperature = 1 } = options;
  const soften = (x: Tensor) => (temperature === 1 ? x : div(x, temperature));
  const target = soften(targetLogits);
  const difference = sub(logSoftmax(target), logSoftmax(soften(logits)));
  const divergence = sum(mul(softmax(target), difference), -1);
  return reduce(temperature === 1 ? divergence : mul(divergence, temperature ** 2), options.reduction);
}
