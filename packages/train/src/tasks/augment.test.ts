import { attach, definePlugin, disposeBatch } from '@tapgrad/core';
import { add, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sgd } from '../index.ts';
import { classIncremental, sampleData, type TaskStream, TaskTrainer } from './index.ts';
import { clusters, Linear, streamLoss } from './test-streams.ts';

let data: ReturnType<typeof clusters>;
let stream: TaskStream;
beforeEach(() => {
  data = clusters(4, 6, 2);
  stream = classIncremental(data, { tasks: 2 });
});
afterEach(() => data.end());

const shifted = (inputs: Tensor, random: { next(): number }) => add(inputs, 1 + random.next());

/** Inputs, and those before augmentation, of the batches of an epoch. */
async function views(of: TaskStream, epoch: number, from = 0, augment = shifted) {
  const source = of.tasks[0]?.train({ batchSize: 5, shuffle: true, seed: 3, augment });
  const found: { inputs: number[]; before: number[] }[] = [];
  for await (const batch of source?.batches(epoch, from) ?? []) {
    const of = (key: string) => [...((batch[key] as Tensor | undefined)?.dataSync() ?? [])];
    found.push({ inputs: of('inputs'), before: of('unaugmented') });
    disposeBatch(batch);
  }
  return found;
}

describe('augmented batches', () => {
  it('keep the inputs as they were, and see the same view wherever an epoch goes on', async () => {
    const whole = await views(stream, 1);
    const offsets = whole.map(({ inputs, before }) => (inputs[0] ?? 0) - (before[0] ?? 0));
    expect(new Set(offsets).size).toBe(3);
    for (const offset of offsets) expect(offset).toBeGreaterThanOrEqual(1);
    expect(await views(stream, 1, 1)).toEqual(whole.slice(1));
    expect(await views(stream, 2)).not.toEqual(whole);
  });

  it('are not made where nothing is changed, and leave nothing where it fails', async () => {
    expect((await views(stream, 0, 0, (inputs) => inputs))[0]?.before).toEqual([]);
    const failing = () => {
      throw new Error('broken');
    };
    await expect(views(stream, 0, 0, failing)).rejects.toThrow('broken');
  });

  it('have as their inputs before those that the data did not augment', async () => {
    const augmenting = sampleData([5, 6], {
      label: () => 0,
      collate: (samples) => ({ inputs: tensor(samples.map((each) => 2 * each)), unaugmented: tensor([...samples]) }),
    });
    const own = classIncremental({ train: augmenting, test: augmenting }, { tasks: 1 });
    const [only] = await views(own, 0);
    expect([...(only?.before ?? [])].sort()).toEqual([5, 6]);
    expect((only?.inputs[0] ?? 0) - 2 * (only?.before[0] ?? 0)).toBeGreaterThan(0);
  });

  it('are what a TaskTrainer trains on, and not what a task gives or is tested on', async () => {
    const means: string[] = [];
    const probe = definePlugin({
      name: 'probe',
      apply: ({ hooks }) =>
        void hooks.batch.tap((batch, { mode }) => void means.push(`${mode} ${batch.unaugmented !== undefined}`)),
    });
    const [model, optimizer] = [new Linear(4), sgd({ learningRate: 0.1 })];
    const stack = attach(model, [probe()], { loss: streamLoss(stream), optimizer });
    await new TaskTrainer(stack, { stream, batchSize: 6, epochs: 1, augment: shifted }).fit();
    expect(new Set(means)).toEqual(new Set(['evaluate false', 'train true']));
    stack.detach();
    for (const each of [model, optimizer]) each.dispose();
  });
});
