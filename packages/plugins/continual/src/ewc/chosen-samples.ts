import { type Batch, batchSize, sampleOf, type Task } from '@tapgrad/core';
import { dispose, tidy } from '@tensorflow/tfjs-core';

/** Number of samples of a task. */
export async function sizeOf(task: Task, batch: number): Promise<number> {
  let size = 0;
  for await (const each of task.batches(batch)) {
    size += batchSize(each);
    dispose(each as never);
  }
  return size;
}

/** Whether sample `index` of `size` is one of `count` that are spread evenly. */
export function isChosen(index: number, count: number, size: number): boolean {
  return count >= size || Math.floor(((index + 1) * count) / size) > Math.floor((index * count) / size);
}

/** Runs `f` on each chosen row of a batch, as a batch of one that is freed afterwards. */
export function eachSample(batch: Batch, rows: readonly number[], f: (sample: Batch, row: number) => void): void {
  const size = batchSize(batch);
  for (const row of rows) tidy(() => f(sampleOf(batch, row, size), row));
}
