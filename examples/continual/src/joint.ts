import { type Batch, disposeBatch, type Stack } from '@tapgrad/core';
import type { BatchSource, TaskStream } from '@tapgrad/train';
import { argMax, cast, equal, mean, type Tensor } from '@tensorflow/tfjs-core';

/** Accuracy on each task of a stream, for a model that learnt them together. Nothing of the stack changes. */
export async function taskAccuracies(stack: Stack<Tensor>, stream: TaskStream, batchSize: number): Promise<number[]> {
  const accuracy = (logits: Tensor, batch: Batch) =>
    mean(cast(equal(cast(argMax(stream.restrict(logits, batch), -1), 'int32'), batch.targets as Tensor), 'float32'));
  const measured: number[] = [];
  for (const task of stream.tasks) {
    const { metrics } = await stack.evaluate(once(task.test(batchSize)), { accuracy });
    measured.push(metrics.accuracy as number);
  }
  return measured;
}

async function* once(source: BatchSource): AsyncGenerator<Batch> {
  for await (const batch of source.batches(0)) {
    try {
      yield batch;
    } finally {
      disposeBatch(batch);
    }
  }
}
