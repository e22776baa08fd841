import { attach, type Plugin } from '@tapgrad/core';
import { memory, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sgd } from '../index.ts';
import { numbersOf } from '../test-support.ts';
import { classIncremental, type TaskStream, TaskTrainer, type TaskTrainerOptions, taskIncremental } from './index.ts';
import { clusters, Linear, streamLoss } from './test-streams.ts';

let data: ReturnType<typeof clusters>;
let model: Linear;
let optimizer: ReturnType<typeof sgd>;
beforeEach(() => {
  data = clusters(6, 10, 4);
  model = new Linear(6);
  optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
});
afterEach(() => {
  data.end();
  model.dispose();
  optimizer.dispose();
});

function trainerOf(stream: TaskStream, options: Partial<TaskTrainerOptions<Tensor>> = {}, ...plugins: Plugin[]) {
  const stack = attach(model, plugins, { loss: streamLoss(stream), optimizer, seed: 5 });
  const trainer = new TaskTrainer(stack, { stream, batchSize: 5, epochs: 6, ...options });
  return { stack, trainer };
}

describe('TaskTrainer', () => {
  it('learns task after task: what is new is known, what was before is forgotten', async () => {
    const tensors = memory().numTensors;
    const { trainer, stack } = trainerOf(classIncremental(data, { tasks: 3 }));
    const { reason, matrix, steps } = await trainer.fit();
    expect(reason).toBe('completed');
    expect(steps).toBe(3 * 6 * 4);
    expect(matrix.learned).toBe(3);
    for (const [j, row] of matrix.rows.entries()) {
      expect(row[j]).toBeGreaterThan(0.9);
      expect(row.slice(j + 1)).toEqual(row.slice(j + 1).map(() => 0));
    }
    expect(matrix.forgetting()).toBeGreaterThan(0.5);
    stack.detach();
    optimizer.dispose();
    expect(memory().numTensors).toBe(tensors);
  });

  it('knows all of it where the task is told', async () => {
    const { trainer, stack } = trainerOf(taskIncremental(data, { tasks: 3 }));
    const { matrix } = await trainer.fit();
    expect(matrix.averageAccuracy).toBeGreaterThan(0.85);
    stack.detach();
  });

  it('all tasks together are learned better than one by one', async () => {
    const { trainer, stack } = trainerOf(classIncremental(data, { tasks: 3 }).joint(), { epochs: 12 });
    const { matrix } = await trainer.fit();
    expect(matrix.averageAccuracy).toBeGreaterThan(0.8);
    expect(matrix.forgetting()).toBeUndefined();
    stack.detach();
  });

  it('measuring on the way changes nothing in the weights', async () => {
    const weights: unknown[] = [];
    for (const evaluateEvery of [undefined, 3]) {
      model.dispose();
      optimizer.dispose();
      model = new Linear(6);
      optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
      const { trainer, stack } = trainerOf(classIncremental(data, { tasks: 3 }), {
        ...(evaluateEvery && { evaluateEvery }),
      });
      const { curves } = await trainer.fit();
      expect(curves).toHaveLength(evaluateEvery ? 24 : 0);
      weights.push(numbersOf(stack as never));
      stack.detach();
    }
    expect(weights[1]).toEqual(weights[0]);
  });
});
