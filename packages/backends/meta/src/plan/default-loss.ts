import { type Batch, softmaxCrossEntropy, TapgradError } from '@tapgrad/core';
import { mean, reshape, square, sub, Tensor } from '@tensorflow/tfjs-core';

/**
 * What a model of its kind is usually trained with: integers as targets are classes, one for each row of scores
 * `[..., classes]`; floats are values to come near to. Without targets the output itself should be small.
 */
export function defaultLoss(outputs: unknown, { targets }: Batch): Tensor {
  if (!(outputs instanceof Tensor)) {
    throw new TapgradError({
      code: 'PLAN_LOSS',
      message: 'the model returns more than one tensor, so that no loss goes without saying',
      fix: 'pass `loss` to plan()',
    });
  }
  if (!(targets instanceof Tensor)) return mean(square(outputs));
  if (targets.dtype !== 'int32') return mean(square(sub(outputs, targets)));
  const classes = outputs.shape.at(-1) as number;
  return softmaxCrossEntropy(reshape(outputs, [-1, classes]), reshape(targets, [-1]));
}
