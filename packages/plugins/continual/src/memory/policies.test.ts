import { type Batch, disposeBatch, randomStream, type Stack } from '@tapgrad/core';
import type { Sequential } from '@tapgrad/nn';
import { dispose, tensor2d } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classifier, numbers, put, samples, step, task } from '../base/test-support.ts';
import { memory } from './index.ts';
import { ClassBalanced } from './policies.ts';
import { memoryOf, type ReplayMemory } from './replay-memory.ts';
import { SampleStore } from './sample-store.ts';

/** What a class-balanced memory holds after a stream of labels: the label and number of each sample. */
function kept(labels: readonly number[], capacity: number, seed: number, replacement: 'random' | 'oldest' = 'random') {
  const policy = new ClassBalanced(replacement);
  const random = randomStream(seed, 'balanced');
  const store = new SampleStore(0);
  for (const [order, label] of labels.entries()) {
    const place = policy.place(store, capacity, label, random);
    if (place !== undefined) store.put(place, { label, order, leaves: new Map() });
  }
  return store.samples.map(({ label, order }) => ({ label: label as number, order }));
}

function countsOf(stored: readonly { readonly label: number }[]): number[] {
  const counts: number[] = [];
  for (const { label } of stored) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

describe('a class-balanced memory', () => {
  const stream = [0, 1, 2].flatMap((task) => Array.from({ length: 200 }, (_, i) => 2 * task + (i % 5 === 0 ? 1 : 0)));

  it('has equal shares of all classes seen, however rare they are and whenever they came', () => {
    for (const replacement of ['random', 'oldest'] as const) {
      expect(countsOf(kept(stream, 60, 1, replacement))).toEqual([10, 10, 10, 10, 10, 10]);
      expect(countsOf(kept(stream.slice(0, 300), 60, 1, replacement))).toEqual([15, 15, 15, 15]);
    }
  });

  it('keeps each sample of a class with the same probability', () => {
    const counts = new Float64Array(20);
    for (let seed = 0; seed < 3000; seed++) {
      const labels = [...Array<number>(20).fill(0), ...Array<number>(20).fill(1)];
      for (const { label, order } of kept(labels, 8, seed)) if (label === 0) counts[order]! += 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 600) ** 2 / 600, 0);
    // 99.9th percentile at 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(43.8);
  });

  it('with the oldest going first keeps the last ones of each class', () => {
    const orders = kept([0, 1, 0, 1, 0, 1, 0, 1], 4, 1, 'oldest').map(({ order }) => order);
    expect(orders.sort()).toEqual([4, 5, 6, 7]);
  });
});

it('a full class-balanced memory decides on a sample without a look at those that it holds', () => {
  const store = new SampleStore(0);
  const policy = new ClassBalanced('random');
  const random = randomStream(1, 'balanced');
  let looks = 0;
  const offer = (order: number, own: number) => {
    const place = policy.place(store, 1000, own, random);
    const sample = { order, leaves: new Map(), label: own };
    Object.defineProperty(sample, 'label', {
      get() {
        looks++;
        return own;
      },
    });
    if (place !== undefined) store.put(place, sample);
  };
  for (let i = 0; i < 1000; i++) offer(i, i % 3);
  looks = 0;
  for (let i = 0; i < 100; i++) offer(1000 + i, 3);
  // That of the sample that goes, and that of the sample that comes.
  expect(looks).toBe(200);
  expect(store.placesByClass.get(3)).toHaveLength(100);
});

describe('a memory in a stack', () => {
  let model: Sequential;
  let stack: Stack | undefined;

  beforeEach(() => {
    model = classifier();
  });

  afterEach(() => {
    stack?.detach();
    stack = undefined;
    model.dispose();
  });

  const replay = () => memoryOf(model) as ReplayMemory;
  const all = (name: string): number[] => {
    const values: number[] = [];
    for (const batch of replay().batches(100)) {
      values.push(...numbers(batch[name]));
      disposeBatch(batch);
    }
    return values;
  };
  /** 30 samples of two classes each, in batches of 10. */
  const taskOf = (index: number) =>
    task(index, [2 * index, 2 * index + 1], function* (): Iterable<Batch> {
      for (let i = 0; i < 3; i++) {
        yield samples(
          Array.from({ length: 10 }, (_, row) => 2 * index + (row % 2)),
          10 * i,
        );
      }
    });

  it('reads labels for equal shares, and says so where there are none', async () => {
    stack = put(model, [memory({ samples: 6, policy: 'class-balanced' })]);
    await step(stack, samples([0, 0, 0, 0, 0, 0]));
    await step(stack, samples([1, 1, 1, 2, 2]));
    expect(all('targets').sort()).toEqual([0, 0, 1, 1, 2, 2]);
    const soft = { inputs: tensor2d([[1, 2]]), targets: tensor2d([[1, 0, 0, 0]]) };
    await expect(step(stack, soft)).rejects.toThrow(/MEMORY_LABELS/);
  });

  it('of herding takes of each class the samples nearest to its mean, and shrinks the shares', async () => {
    stack = put(model, [memory({ samples: 8, policy: 'herding', features: 'layers.0:output' })]);
    replay().keepSide('logits', ({ outputs }) => outputs as never);
    const trained = samples([0, 1]);
    await step(stack, trained);
    expect(replay().size).toBe(0);
    await stack.end('task', { index: 0, task: taskOf(0) });
    expect(all('targets').sort()).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    const first = all('inputs');
    expect(all('logits')).toHaveLength(8 * 4);
    await stack.end('task', { index: 1, task: taskOf(1) });
    expect(all('targets').sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    // The best of each class stay.
    expect(all('inputs').slice(0, 4)).toEqual(first.slice(0, 4));
    const before = all('inputs');
    stack.loadState(stack.state());
    expect(all('inputs')).toEqual(before);
    await expect(stack.end('task', { index: 2 })).rejects.toThrow(/MEMORY_TASK/);
  });

  it('of task batches takes some samples of each task, at its end', async () => {
    stack = put(model, [memory({ samples: 8, policy: 'task-batch', taskBatch: 4 })]);
    await stack.end('task', { index: 0, task: taskOf(0) });
    expect(all('tasks')).toEqual([0, 0, 0, 0]);
    await stack.end('task', { index: 1, task: taskOf(1) });
    expect(all('tasks')).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it.each(['reservoir', 'class-balanced'] as const)(
    'goes on from a state as if nothing had been: %s',
    async (policy) => {
      const make = () => [memory({ samples: 6, policy })];
      const labels = (i: number) => Array.from({ length: 4 }, (_, row) => (i + row) % 4);
      const run = async (on: Stack, from: number, to: number) => {
        for (let i = from; i < to; i++) await step(on, samples(labels(i), 10 * i));
      };
      stack = put(model, make());
      await run(stack, 0, 5);
      const { tensors, json } = stack.state();
      const stored = { tensors: new Map([...tensors].map(([name, each]) => [name, each.clone()])), json };
      await run(stack, 5, 12);
      const expected = all('inputs');
      stack.detach();
      const fresh = put(model, make());
      stack = fresh;
      await run(fresh, 20, 23);
      fresh.loadState(stored);
      expect(replay().size).toBe(6);
      await run(fresh, 5, 12);
      expect(all('inputs')).toEqual(expected);
      dispose([...stored.tensors.values()]);
    },
  );
});
