import { type Batch, TapgradError } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';

/**
 * The class of each sample, from integer targets `[batch]`.
 * @throws TapgradError MEMORY_LABELS
 */
export async function labelsOf({ targets }: Batch): Promise<Int32Array> {
  if (targets instanceof Tensor && targets.rank === 1 && targets.dtype === 'int32') {
    return (await targets.data()) as Int32Array;
  }
  throw new TapgradError({
    code: 'MEMORY_LABELS',
    message: 'this memory keeps samples by their class, and the targets are not int32 [batch]',
    fix: "give integer class labels, or use memory({ policy: 'reservoir' })",
  });
}
