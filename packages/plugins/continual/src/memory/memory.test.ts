import { type Batch, disposeBatch, randomStream, type Stack } from '@tapgrad/core';
import type { Sequential } from '@tapgrad/nn';
import { dispose, memory as engineMemory, slice, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logitsOf } from '../base/logits.ts';
import { classifier, contents, numbers, put, samples, step } from '../base/test-support.ts';
import { memory } from './index.ts';
import { memoryOf, type ReplayMemory } from './replay-memory.ts';

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
const anything = () => randomStream(1, 'any');

/** All that is kept, the features of each sample. */
function kept(): number[] {
  const features: number[] = [];
  for (const batch of replay().batches(100)) {
    features.push(...numbers(batch.inputs).filter((_, i) => i % 2 === 1));
    disposeBatch(batch);
  }
  return features;
}

describe('the memory', () => {
  it('is found by the model, holds what was trained with, and goes with the plugin', async () => {
    expect(memoryOf(model)).toBeUndefined();
    stack = put(model, [memory({ samples: 10 })]);
    expect([replay().size, replay().capacity, replay().bytes]).toEqual([0, 10, 0]);
    expect(replay().draw(2, anything())).toBeUndefined();
    await step(stack, samples([0, 1, 0]));
    expect(replay().size).toBe(3);
    const [batch] = [...replay().batches(3)];
    expect(contents(batch)).toEqual({ inputs: [0, 0, 1, 1, 0, 2], targets: [0, 1, 0], tasks: [0, 0, 0] });
    disposeBatch(batch as Batch);
    stack.detach('memory');
    expect(memoryOf(model)).toBeUndefined();
  });

  it('holds as many bytes as it says, and the ledger says whose they are', async () => {
    stack = put(model, [memory({ samples: 4 })]);
    model.state();
    const before = engineMemory().numTensors;
    for (let i = 0; i < 3; i++) await step(stack, samples([0, 1, 2]));
    // Two features, a label and a task, of 4 bytes each; in float64 too they are counted so.
    expect(replay().bytes).toBe(4 * (2 * 4 + 4 + 4));
    expect(stack.ledger.now().categories.plugin).toBe(replay().bytes);
    stack.ledger.resetPeak();
    expect(stack.ledger.peak().plugins.get('memory')).toBe(replay().bytes);
    expect(engineMemory().numTensors - before).toBe(4 * 3);
  });

  it('draws without replacement, all if there are fewer, and the same for the same stream', async () => {
    stack = put(model, [memory({ samples: 8 })]);
    await step(stack, samples([0, 1, 2, 3, 0, 1, 2, 3]));
    const [a, b, all] = [3, 3, 20].map((count) => replay().draw(count, anything()));
    expect(contents(a)).toEqual(contents(b));
    const drawn = numbers(all?.inputs).filter((_, i) => i % 2 === 1);
    expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(a?.targets).toMatchObject({ shape: [3], dtype: 'int32' });
    dispose([a, b, all] as never);
    const shuffled = [...replay().batches(3, anything())];
    expect(shuffled.map(({ targets }) => (targets as { size: number }).size)).toEqual([3, 3, 2]);
    dispose(shuffled as never);
  });

  it('takes every micro-batch, and nothing of a step that fails', async () => {
    stack = put(model, [memory({ samples: 10 })]);
    await step(stack, samples([0, 1]), samples([2, 3], 10));
    expect(kept()).toEqual([0, 1, 10, 11]);
    const wrong = { inputs: tensor2d([[1, 2]]), targets: tensor2d([[1, 2, 3, 4, 5, 6]]) };
    const before = engineMemory().numTensors;
    const right = samples([0, 1], 30);
    await expect(step(stack, right, wrong)).rejects.toThrow();
    expect(kept()).toEqual([0, 1, 10, 11]);
    expect(engineMemory().numTensors).toBe(before - 2);
  });

  it('keeps the inputs before augmentation', async () => {
    stack = put(model, [memory({ samples: 4 })]);
    await step(
      stack,
      samples([0, 1], 0, {
        unaugmented: tensor2d([
          [5, 50],
          [6, 60],
        ]),
      }),
    );
    const batch = replay().draw(2, anything());
    expect(Object.keys(batch ?? {}).sort()).toEqual(['inputs', 'targets', 'tasks']);
    expect(numbers(batch?.inputs).sort()).toEqual([5, 50, 6, 60].sort());
    disposeBatch(batch as Batch);
  });

  it('keeps a value of the forward in which a sample entered', async () => {
    stack = put(model, [memory({ samples: 4 })]);
    const withdraw = replay().keepSide('logits', ({ outputs }) => logitsOf(outputs));
    const given = samples([1, 3]);
    const outputs = stack.predict(given.inputs);
    const expected = numbers(outputs);
    await (await stack.step(given)).loss;
    const [batch] = [...replay().batches(9)];
    expect(numbers(batch?.logits)).toEqual(expected);
    expect(batch).not.toHaveProperty('logits:mask');
    withdraw();
    await (await stack.step(given)).loss;
    const [mixed] = [...replay().batches(9)];
    // What only some have is left out.
    expect(mixed).not.toHaveProperty('logits');
    dispose([given, outputs, batch, mixed] as never);
  });

  it('keeps a value until the last that asked for it has withdrawn, once each', async () => {
    stack = put(model, [memory({ samples: 9 })]);
    const ask = () => replay().keepSide('logits', ({ outputs }) => logitsOf(outputs));
    const newestHasLogits = async () => {
      await step(stack as Stack, samples([0, 1]));
      const each = [...replay().batches(1)];
      for (const batch of each) disposeBatch(batch);
      return each.at(-1)?.logits !== undefined;
    };
    const [first, second] = [ask(), ask()];
    first();
    first();
    expect(await newestHasLogits()).toBe(true);
    const third = ask();
    second();
    expect(await newestHasLogits()).toBe(true);
    third();
    expect(await newestHasLogits()).toBe(false);
  });

  it('fills up what differs in length, and says which side values there are', async () => {
    stack = put(model, [memory({ samples: 4, padding: 9 })]);
    let width = 2;
    replay().keepSide('logits', ({ outputs }) => slice(logitsOf(outputs), [0, 0], [-1, width]));
    const ids = (values: number[][]) => ({ ids: tensor2d(values, undefined, 'int32'), extra: tensor1d([1, 2]) });
    await step(
      stack,
      samples(
        [0, 1],
        0,
        ids([
          [1, 2],
          [3, 4],
        ]),
      ),
    );
    width = 4;
    await step(
      stack,
      samples(
        [2, 3],
        2,
        ids([
          [5, 6, 7],
          [8, 0, 0],
        ]),
      ),
    );
    const [batch] = [...replay().batches(4)];
    expect(numbers(batch?.ids)).toEqual([1, 2, 9, 3, 4, 9, 5, 6, 7, 8, 0, 0]);
    expect(numbers(batch?.['logits:mask'])).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(numbers(batch?.logits).slice(2, 4)).toEqual([0, 0]);
    disposeBatch(batch as Batch);
  });

  it('is empty while it is disabled', async () => {
    stack = put(model, [memory({ samples: 4 })]);
    await step(stack, samples([0, 1]));
    stack.setEnabled('memory', false);
    expect([replay().size, replay().draw(1, anything())]).toEqual([0, undefined]);
    await step(stack, samples([0, 1], 10));
    stack.setEnabled('memory', true);
    expect(kept()).toEqual([0, 1]);
  });

  it('of some bytes holds as many samples as fit, also when they grow', async () => {
    stack = put(model, [memory({ bytes: 100 })]);
    expect(replay().capacity).toBe(0);
    await step(stack, samples([0, 1, 2, 3, 0, 1, 2, 3]));
    expect([replay().capacity, replay().size, replay().bytes]).toEqual([6, 6, 96]);
    await step(
      stack,
      samples([0, 1], 0, {
        extra: tensor2d([
          [1, 2, 3, 4],
          [1, 2, 3, 4],
        ]),
      }),
    );
    expect(replay().capacity).toBe(3);
    expect(replay().size).toBe(3);
    expect(replay().bytes).toBeLessThanOrEqual(100);
  });

  it('refuses a budget that holds no sample, and options that say nothing', async () => {
    const small = put(model, [memory({ bytes: 8 })]);
    stack = small;
    await expect(step(small, samples([0]))).rejects.toThrow(/MEMORY_BUDGET.*16 bytes/s);
    expect(() => memory({})).toThrow(/samples or bytes/);
    expect(() => memory({ samples: 3, policy: 'herding' })).toThrow(/features/);
  });
});
