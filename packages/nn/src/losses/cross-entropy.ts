import { softmaxCrossEntropy, TapgradError } from '@tapgrad/core';
import {
  add,
  cast,
  div,
  gather,
  logSoftmax,
  mul,
  neg,
  oneHot,
  sum,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { type ReductionOption, reduce } from './reduction.ts';
import { type Targets, targetTensor } from './targets.ts';

export interface CrossEntropyOptions extends ReductionOption {
  /** Share of the target that is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** Weight of each class, `[classes]`, for unbalanced data; the mean is then the weighted mean (PyTorch's). */
  readonly classWeights?: Tensor;
}

/**
 * Cross-entropy of softmax(logits) against labels: the loss of classification.
 * @param logits `[batch, classes]`
 * @param targets int32 class indices `[batch]`, or float32 distributions `[batch, classes]`; or the batch that holds them
 * @returns a scalar, or `[batch]` with reduction `none`
 * @throws TapgradError `SHAPE_MISMATCH`; `TARGETS_MISSING`; `BAD_OPTION` for class weights of another length
 */
export function crossEntropy(logits: Tensor, targets: Targets, options: CrossEntropyOptions = {}): Tensor {
  const labels = targetTensor(targets);
  const { labelSmoothing = 0, classWeights, reduction = 'mean' } = options;
  if (!classWeights) return softmaxCrossEntropy(logits, labels, { labelSmoothing, reduction });
  const classes = logits.shape.at(-1) as number;
  if (classWeights.size !== classes) {
    const message = `${classWeights.size} class weights for ${classes} classes`;
    throw new TapgradError({ code: 'BAD_OPTION', message, op: 'crossEntropy' });
  }
  if (labels.dtype === 'int32' && labelSmoothing === 0) {
    const losses = softmaxCrossEntropy(logits, labels, { reduction: 'none' });
    const weights = gather(classWeights, labels);
    return weighted(mul(losses, weights), weights, reduction);
  }
  const hard = labels.dtype === 'int32' ? cast(oneHot(labels as Tensor1D, classes), 'float32') : labels;
  const smooth = labelSmoothing === 0 ? hard : add(mul(hard, 1 - labelSmoothing), labelSmoothing / classes);
  const losses = neg(sum(mul(mul(smooth, classWeights), logSoftmax(logits)), -1));
  return weighted(losses, sum(mul(hard, classWeights), -1), reduction);
}

function weighted(losses: Tensor, weights: Tensor, reduction: 'mean' | 'sum' | 'none'): Tensor {
  return reduction === 'mean' ? div(sum(losses), sum(weights)) : reduce(losses, reduction);
}
