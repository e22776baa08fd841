import { add, mul, neg, softplus, sub, type Tensor } from '@tensorflow/tfjs-core';
import { type ReductionOption, reduce } from './reduction.ts';
import { type Targets, targetTensor } from './targets.ts';

export interface BinaryCrossEntropyOptions extends ReductionOption {
  /** Factor of the loss of positive examples, for unbalanced classes. Default 1. */
  readonly positiveWeight?: number;
}

/**
 * Cross-entropy of independent yes-or-no answers, from logits: `softplus(x) - x t`, stable for any logit.
 * @param logits any shape
 * @param targets probabilities in [0, 1], of the same shape; or the batch that holds them
 */
export function binaryCrossEntropy(logits: Tensor, targets: Targets, options: BinaryCrossEntropyOptions = {}): Tensor {
  const { positiveWeight = 1 } = options;
  const truth = targetTensor(targets);
  if (positiveWeight === 1) return reduce(sub(softplus(logits), mul(logits, truth)), options.reduction);
  const positive = mul(mul(truth, positiveWeight), softplus(neg(logits)));
  return reduce(add(positive, mul(sub(1, truth), softplus(logits))), options.reduction);
}
