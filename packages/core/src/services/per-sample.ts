import { dispose, reshape, slice, type Tensor, type TensorContainer } from '@tensorflow/tfjs-core';
import { scoped } from '../engine-seam.ts';
import type { Batch, GradientMap } from '../hooks/types.ts';
import { differentiate, disposeAll, unchanged } from '../plugin/forward.ts';
import type { Stack } from '../plugin/stack.ts';
import { mapTensors } from '../tape/saved-buffer.ts';
import { setEvaluationMode } from './evaluation-mode.ts';

/** Number of samples in a batch: the length of the first axis of its first tensor. */
export function batchSize(batch: Batch): number {
  let size: number | undefined;
  mapTensors(batch, (tensor) => {
    size ??= tensor.shape[0];
    return tensor;
  });
  return size ?? 1;
}

/** Disposes every tensor of a batch, side data too, also inside arrays and records. */
export function disposeBatch(batch: Batch): void {
  dispose(batch as unknown as TensorContainer);
}

/** Sample `index` as a batch of one; what has no axis of the batch's length passes unchanged. */
export function sampleOf(batch: Batch, index: number, size = batchSize(batch)): Batch {
  return mapTensors(batch, (tensor) => {
    if (tensor.rank === 0 || tensor.shape[0] !== size) return tensor;
    const rest = tensor.shape.slice(1);
    const part = slice(reshape(tensor, [size, -1]), [index, 0], [1, -1]);
    return reshape(part, [1, ...rest]);
  }) as Batch;
}

/** Gradients of each sample's own task loss, one at a time, in evaluation mode. */
export function perSampleGradients(
  stack: Stack<unknown>,
  batch: Batch,
  matches: (name: string) => boolean,
  visit: (gradients: GradientMap, sample: number, loss: Tensor) => void,
): void {
  const size = batchSize(batch);
  const parameters = new Map([...stack.namedParameters()].filter(([name]) => matches(name)));
  const restoreModes = setEvaluationMode(stack.modules());
  try {
    for (let index = 0; index < size; index++) {
      scoped(() => {
        const made = differentiate(stack, sampleOf(batch, index, size), { parameters, terms: unchanged });
        try {
          visit(made.gradients, index, made.terms.task as Tensor);
        } finally {
          disposeAll(made.gradients);
          made.terms.task?.dispose();
        }
      });
    }
  } finally {
    restoreModes();
  }
}
