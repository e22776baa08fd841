import { type Batch, disposeBatch, type Stack, type Task } from '@tapgrad/core';
import type { ModelSpec } from './plugin-spec.ts';

/** Batches of the first tasks: no check uses them. */
const firstBatch = 100;
const batchesPerTask = 2;

/** Task number `index` of a tiny stream on a model. Every batch has the side data `tasks`. */
export function tinyTask(on: ModelSpec, index: number): Task {
  const first = firstBatch + index * batchesPerTask;
  return {
    index,
    count: 3,
    name: `task ${index}`,
    classes: [0, 1, 2],
    classNames: ['zero', 'one', 'two'],
    *batches() {
      for (let i = first; i < first + batchesPerTask; i++) yield on.batch(i);
    },
  };
}

/**
 * A model on which a first task was learned and a second has begun when a plugin is looked at: what learns continually does
 * nothing before.
 */
export function afterFirstTask(on: ModelSpec): ModelSpec {
  return {
    ...on,
    async begin(stack: Stack) {
      const task = tinyTask(on, 0);
      await stack.begin('task', { index: 0, task });
      for (const batch of task.batches() as Iterable<Batch>) {
        try {
          await (await stack.step(batch)).loss;
        } finally {
          disposeBatch(batch);
        }
      }
      await stack.end('task', { index: 0, task });
      await stack.begin('task', { index: 1, task: tinyTask(on, 1) });
    },
  };
}
