import type { Batch } from '@tapgrad/core';
import type { BatchSource } from '@tapgrad/train';
import { dispose, type TensorContainer } from '@tensorflow/tfjs-core';

/** All batches of a source once, for `stack.evaluate`, which leaves batches to who made them. */
export async function* disposedAfterUse(source: BatchSource): AsyncGenerator<Batch> {
  for await (const batch of source.batches(0)) {
    try {
      yield batch;
    } finally {
      dispose(batch as TensorContainer);
    }
  }
}
