import { attach, type Batch } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { classifier, numbers, samples, step, task } from '../base/test-support.ts';
import { growingHead } from '../growing-head/index.ts';
import { memory } from '../memory/index.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { der } from './index.ts';

it('logits of a smaller head are compared with the columns that there were', async () => {
  const model = classifier(2);
  const loss = (logits: unknown, batch: Batch) => crossEntropy(logits as Tensor, batch);
  const stack = attach<unknown>(model, [growingHead(), memory({ samples: 8 }), der({ alpha: 1 })], {
    loss,
    optimizer: sgd({ learningRate: 0.5 }),
  });
  const first = task(0, [0, 1], () => []);
  await stack.begin('task', { index: 0, task: first });
  for (let i = 0; i < 2; i++) await step(stack, samples([0, 1]));
  await stack.end('task', { index: 0, task: first });
  await stack.begin('task', { index: 1, task: task(1, [2, 3], () => []) });
  const [old] = [...(memoryOf(model)?.batches(8) ?? [])] as [Batch];
  const now = stack.predict(old.inputs) as Tensor;
  expect([(old.logits as Tensor).shape, now.shape]).toEqual([
    [4, 2],
    [4, 4],
  ]);
  const stored = numbers(old.logits);
  const columns = numbers(now).filter((_, i) => i % 4 < 2);
  const distance = columns.reduce((sum, value, i) => sum + (value - (stored[i] as number)) ** 2, 0) / 8;
  const given = samples([2, 3, 2, 3]);
  const { terms } = await stack.step(given);
  expect((await terms).der).toBeCloseTo(distance, 12);
  // Old and new samples in one batch: each by its own columns.
  expect(Number.isFinite(await step(stack, samples([2, 3, 2, 3, 2, 3, 2, 3])))).toBe(true);
  dispose([old, now, given] as never);
  stack.detach();
  model.dispose();
});
