import { TapgradError } from '@tapgrad/core';
import { gather, Tensor } from '@tensorflow/tfjs-core';

/**
 * The logits `[batch, classes]` of a classifier's outputs.
 * @throws TapgradError OUTPUT_KIND where the model gives something else
 */
export function logitsOf(outputs: unknown): Tensor {
  if (outputs instanceof Tensor && outputs.rank === 2) return outputs;
  const found = outputs instanceof Tensor ? `a tensor of shape [${outputs.shape}]` : `a ${typeof outputs}`;
  throw new TapgradError({
    code: 'OUTPUT_KIND',
    message: `the model gives ${found} where logits [batch, classes] are needed`,
    fix: 'attach it to a classifier whose output is its logits',
  });
}

/** Some columns of `[batch, classes]`, for example those of classes seen before. */
export function columns(logits: Tensor, classes: readonly number[]): Tensor {
  const inOrder = classes.length === logits.shape[1] && classes.every((label, i) => label === i);
  return inOrder ? logits : gather(logits, [...classes], 1);
}
