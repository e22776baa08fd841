import { Softmax, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

/** tfjs's kernel, but for rows without elements, by whose length it divides. */
export function registerSoftmax(): void {
  kernel<{ logits: TensorInfo }>(Softmax, ({ inputs: { logits }, gpu, stock }) =>
    util.sizeFromShape(logits.shape) === 0 ? gpu.output(logits.shape) : stock(),
  );
}
