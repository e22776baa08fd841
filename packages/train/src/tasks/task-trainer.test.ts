import { attach, definePlugin, type Plugin } from '@tapgrad/core';
import { dispose, memory, reshape, scalar, Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linear, sgd } from '../index.ts';
import { numbersOf } from '../test-support.ts';
import {
  classIncremental,
  type TaskStream,
  TaskTrainer,
  type TaskTrainerOptions,
  taskAccuracies,
  taskIncremental,
} from './index.ts';
import { clusters, Linear, Noisy, streamLoss } from './test-streams.ts';

let data: ReturnType<typeof clusters>;
let model: Linear | Noisy;
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
    const stream = classIncremental(data, { tasks: 3 });
    const { trainer, stack } = trainerOf(stream.joint(), { epochs: 12 });
    const { matrix } = await trainer.fit();
    const accuracies = await taskAccuracies(stack, stream, { batchSize: 3 });
    expect(accuracies.reduce((sum, each) => sum + each, 0) / 3).toBeCloseTo(matrix.averageAccuracy ?? 0, 12);
    expect(matrix.averageAccuracy).toBeGreaterThan(0.8);
    expect(matrix.forgetting()).toBeUndefined();
    stack.detach();
  });

  it('measuring on the way changes nothing in weights, statistics and random draws', async () => {
    const weights: unknown[] = [];
    for (const evaluateEvery of [undefined, 3]) {
      model.dispose();
      optimizer.dispose();
      model = new Noisy(6);
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

  it('learns epochs or updates as each task says, with one optimizer', async () => {
    const { trainer, stack } = trainerOf(classIncremental(data, { tasks: 3 }), {
      epochs: ({ index }) => index + 1,
      steps: 6,
    });
    expect((await trainer.fit()).steps).toBe(4 + 6 + 6);
    expect(stack.steps).toBe(16);
    expect(optimizer.state().size).toBe(2);
    stack.detach();
  });

  it('begins the schedule anew with every task, and accumulates and clips as a Trainer', async () => {
    const rates: number[] = [];
    const norms: (number | undefined)[] = [];
    const { trainer, stack } = trainerOf(classIncremental(data, { tasks: 2 }), {
      epochs: 1,
      batchSize: 10,
      accumulate: 3,
      schedule: linear(),
      clip: { norm: 0.01 },
      onProgress: (event) => {
        if (event.kind !== 'step') return;
        rates.push(event.learningRate);
        norms.push(event.gradientNorm);
      },
    });
    await trainer.fit();
    expect(rates).toEqual([0.1, 0.1]);
    expect(norms.every((norm) => norm !== undefined && norm > 0.01)).toBe(true);
    expect(optimizer.learningRate).toBe(0.1);
    stack.detach();
  });

  it('measures on what was held back, or by a measure of one’s own', async () => {
    const stream = classIncremental(data, { tasks: 2, validation: 0.2 });
    const sizes: number[] = [];
    const { trainer, stack } = trainerOf(stream, {
      epochs: 1,
      evaluateOn: 'validation',
      accuracy: (_, batch) => {
        sizes.push(batch.inputs instanceof Tensor ? (batch.inputs.shape[0] as number) : 0);
        return scalar(0.25);
      },
    });
    const { matrix } = await trainer.fit();
    expect(sizes).toEqual(Array(6).fill(6));
    expect(matrix.baseline).toEqual([0.25, 0.25]);
    stack.detach();
  });

  it('gives classes of other tasks no gradient where the task is told', () => {
    const stream = taskIncremental(data, { tasks: 3 });
    const { stack } = trainerOf(stream);
    const inputs = tensor([1, 2, 3], [1, 3]);
    const batch = { inputs, targets: tensor([2], [1], 'int32'), tasks: tensor([1], [1], 'int32') };
    const made = stack.gradientsOf(batch);
    const bias = [...(made.gradients.get('head.bias') as Tensor).dataSync()];
    expect(bias.map((each) => each === 0)).toEqual([true, true, false, false, true, true]);
    made.dispose();
    dispose(batch);
    stack.detach();
  });

  it('refuses options that make no sense, and outputs that are no logits', async () => {
    const stream = classIncremental(data, { tasks: 3 });
    const stack = attach(model, [], { loss: streamLoss(stream), optimizer });
    const refused = (options: object) =>
      expect(() => new TaskTrainer(stack, { stream, batchSize: 5, epochs: 1, ...options })).toThrow(
        expect.objectContaining({ code: 'BAD_OPTION' }),
      );
    refused({ epochs: undefined });
    refused({ epochs: () => 0 });
    refused({ batchSize: 0 });
    refused({ evaluateEvery: 1.5 });
    refused({ evaluateOn: 'validation' });
    refused({ resume: true });
    const deep = definePlugin({
      name: 'deep',
      apply: ({ hooks }) => void hooks.tap(':output').forward((y) => reshape(y, [-1, 6, 1])),
    });
    stack.detach();
    const { trainer, stack: other } = trainerOf(stream, {}, deep());
    await expect(trainer.fit()).rejects.toMatchObject({ code: 'OUTPUT_KIND' });
    other.detach();
  });
});
