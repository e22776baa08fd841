import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  disposeBatch,
  images,
  scatterTrained,
  type TestBatch,
  type TestModel,
  texts,
  tinyText,
  tinyVision,
} from '../test-models.ts';
import { queryTokens } from './index.ts';

beforeAll(() => useWasm());

const plugin = (count: number, keep: 'memory' | 'recompute' = 'memory') =>
  queryTokens({ count, keep, dropout: 0, head: { classes: 3 } });

/** What the blocks gave in a training step, and the gradients, after values far from the initial ones. */
function step(make: () => TestModel, makeBatch: () => TestBatch, plugins: Plugin[]) {
  const [model, batch] = [make(), makeBatch()];
  const stack: Stack<Tensor> = attach(model, plugins, { loss: crossEntropy });
  if (plugins.length > 0) scatterTrained(stack, 3);
  const blocks: number[][] = [];
  stack.hooks.taps.add({
    plugin: 'spy',
    rank: 99,
    pattern: 'layers.*:output',
    forward: (value) => void blocks.push(Array.from((value as Tensor).dataSync())),
  });
  const made = stack.gradientsOf(batch);
  const gradients = [...made.gradients].map(([name, each]) => [name, ...each.dataSync()] as const);
  made.dispose();
  stack.detach();
  model.dispose();
  disposeBatch(batch);
  return { blocks, gradients };
}

describe.each<[string, () => TestModel, () => TestBatch]>([
  ['a vision transformer', tinyVision, images],
  ['a padded text encoder', tinyText, texts],
])('in float32, queries that read %s', (_, make, makeBatch) => {
  it('leave its tokens as the frozen model has them, bit for bit', () => {
    const frozen = step(make, makeBatch, []).blocks;
    expect(frozen.length).toBe(2);
    for (const count of [1, 5]) expect(step(make, makeBatch, [plugin(count)]).blocks).toEqual(frozen);
  });

  it('get the same gradients, bit for bit, from keys and values that are projected again', () => {
    const [kept, again] = (['memory', 'recompute'] as const).map((keep) => step(make, makeBatch, [plugin(3, keep)]));
    expect(again?.gradients).toEqual(kept?.gradients);
    expect(kept?.gradients.length).toBe(4);
  });
});
