import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { useWasm } from '@tapgrad/backend-wasm';
import { randomStream } from '@tapgrad/core';
import { classIncremental, tensorData } from '@tapgrad/train';
import { dispose, env, range, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainPlainly } from './plain-training.ts';
import { type Recorded, trainRecorded } from './tapgrad-training.ts';

beforeAll(async () => {
  await useWasm();
  // In tests tfjs counts what a kernel leaves, and takes what its own loss keeps for the gradient as a leak.
  env().set('IS_TEST', false);
});
afterAll(() => env().set('IS_TEST', true));

const samples = 48;
const inputs = randomStream(3, 'images').normal(samples * 784);
const labels = Int32Array.from({ length: samples }, (_, row) => row % 4);
const settings = { seed: 1, batchSize: 6, epochs: 2, learningRate: 0.05 };

/** Trains on two tasks of two classes whose labels are the output columns. */
async function recorded(replayFrom?: number): Promise<Recorded> {
  const tensors: Record<'inputs' | 'index', Tensor> = {
    inputs: tensor2d(inputs, [samples, 784]),
    index: range(0, samples, 1, 'int32'),
  };
  const data = tensorData({ ...tensors, labels });
  const stream = classIncremental(
    { train: data, test: data },
    {
      groups: [
        [0, 1],
        [2, 3],
      ],
    },
  );
  try {
    return await trainRecorded({ ...settings, stream, ...(replayFrom !== undefined && { replayFrom }) });
  } finally {
    dispose(tensors);
  }
}

function plain({ weights, own }: Recorded, replay?: Parameters<typeof trainPlainly>[0]['replay']) {
  const { learningRate } = settings;
  return trainPlainly({
    weights,
    train: { shape: [samples, 784], data: inputs },
    trainLabels: labels,
    test: [],
    order: own,
    learningRate,
    ...(replay && { replay }),
  });
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, update) => Math.abs(value - b[update]!)));
}

describe('the program in plain TensorFlow.js', () => {
  it('has the losses of finetuning by tapgrad', async () => {
    const by = await recorded();
    expect(by.losses).toHaveLength(16);
    expect(largestDifference(by.losses, plain(by).losses)).toBeLessThan(1e-5);
  });

  it('has the losses of experience replay by tapgrad, with the same images drawn', async () => {
    const by = await recorded(10);
    const drawn = by.drawn.flat().map(({ length }) => length);
    expect(drawn[0]).toBe(0);
    expect(drawn.at(-1)).toBe(6);
    expect(largestDifference(by.losses, plain(by, { drawn: by.drawn }).losses)).toBeLessThan(1e-5);
    expect(largestDifference(by.losses, plain(by).losses)).toBeGreaterThan(1e-3);
  });

  it('replays from a memory of its own', async () => {
    const by = await recorded();
    const { losses } = plain(by, { capacity: 10, draw: 6, seed: 1 });
    expect(losses[0]).toBeCloseTo(by.losses[0]!, 5);
    expect(losses.at(-1)).not.toBeCloseTo(by.losses.at(-1)!, 5);
  });
});
