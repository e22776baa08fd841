import { type Batch, TapgradError } from '@tapgrad/core';
import { add, gather, Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { TaskStream } from './task-stream.ts';

/** Far below any logit, and still finite: its gradient is exactly 0. */
const never = -1e9;

/** `TaskStream.restrict` where each task has columns of its own. */
export function restrictTo(columns: readonly (readonly number[])[]): TaskStream['restrict'] {
  return (logits, batch) => {
    const width = checkedWidth(logits);
    const tasks = tasksOf(batch, columns.length);
    const mask = tidy(() => {
      const table = new Float32Array(columns.length * width).fill(never);
      for (const [task, own] of columns.entries()) {
        for (const column of own) if (column < width) table[task * width + column] = 0;
      }
      return gather(tensor2d(table, [columns.length, width]), tasks);
    });
    return add(logits, mask);
  };
}

function checkedWidth({ rank, shape }: Tensor): number {
  if (rank === 2) return shape[1] as number;
  throw new TapgradError({
    code: 'SHAPE_MISMATCH',
    message: `logits of shape [${shape}] cannot be restricted`,
    op: 'restrict',
    fix: 'give the logits of a classifier, [batch, columns]',
  });
}

function tasksOf({ tasks }: Batch, count: number): Tensor {
  if (tasks instanceof Tensor && tasks.rank === 1) return tasks;
  throw new TapgradError({
    code: 'TASKS_MISSING',
    message: `the batch does not say to which of the ${count} tasks its samples belong`,
    op: 'restrict',
    fix: 'use batches of the stream, or give yours the side data tasks, int32 [batch]',
  });
}
