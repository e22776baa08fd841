import { attach, definePlugin, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  disposeBatch,
  images,
  losses,
  scatterTrained,
  type TestBatch,
  type TestModel,
  tinyVision,
  trainer,
} from '../test-models.ts';
import { queryTokens } from './index.ts';
import { groupLasso, strongestFeatures } from './math.ts';
import { selectQueryFeatures } from './select-features.ts';

const options = { count: 2, dropout: 0, head: { classes: 3 } } as const;
const all = 8 + 2 * 2 * 8;
let model: TestModel;
let batch: TestBatch;

beforeEach(() => {
  model = tinyVision();
  batch = images();
});

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

const head = (stack: Stack<Tensor>, name: 'weight' | 'bias') =>
  stack.namedParameters().get(`query-tokens/head.classifier.${name}`) as {
    variable: Tensor;
    assign(value: Tensor): void;
  };

describe('the penalty on features', () => {
  it('is the sum of the norms of what the head makes of each', () => {
    tidy(() => void expect(groupLasso(tensor([3, 4, 0, 0, 5, 12], [3, 2])).dataSync()[0]).toBeCloseTo(5 + 0 + 13, 10));
  });

  it('is a term of its own in training, λ times that, and none with λ = 0 or in evaluation', async () => {
    const terms = async (groupLassoWeight: number) => {
      const { stack, release } = trainer(model, [queryTokens({ ...options, groupLasso: groupLassoWeight })]);
      const expected = tidy(() => 0.5 * (groupLasso(head(stack, 'weight').variable).dataSync()[0] as number));
      const told = await (await stack.step(batch)).terms;
      const evaluated = (await stack.evaluate([batch])).loss;
      const { task } = await (await stack.step(batch)).terms;
      release();
      return { told, expected, evaluated, task };
    };
    const penalised = await terms(0.5);
    expect(penalised.told.groupLasso).toBeCloseTo(penalised.expected, 10);
    expect(penalised.evaluated).toBeCloseTo(penalised.task as number, 10);
    expect(Object.keys((await terms(0)).told)).toEqual(['task']);
  });

  it('is no term of a classifier that does not train, in whose place another head may stand', async () => {
    const other = definePlugin({
      name: 'other-head',
      apply: ({ filterTrainable }) =>
        filterTrainable((name) => (name === 'query-tokens/head.classifier.weight' ? false : undefined)),
    });
    const { stack, release } = trainer(model, [queryTokens({ ...options, groupLasso: 0.5 }), other()]);
    expect(Object.keys(await (await stack.step(batch)).terms)).toEqual(['task']);
    release();
  });
});

describe('selected features', () => {
  it('are the first by the norm of their weights, of equals the first, in the order of the model', async () => {
    const weight = tensor([1, 0, 3, 4, 0, 0, 0, 2, 2, 0], [5, 2]);
    expect(await strongestFeatures(weight, 0.4)).toEqual([1, 3]);
    expect(await strongestFeatures(weight, 0.6)).toEqual([1, 3, 4]);
    expect(await strongestFeatures(weight, 0.01)).toEqual([1]);
    weight.dispose();
  });

  it('if all are selected, give the logits of the head that was not compressed', async () => {
    const first = attach(model, [queryTokens(options)], { loss: crossEntropy });
    scatterTrained(first);
    const features = await selectQueryFeatures(first, 1);
    expect(features).toEqual(Array.from({ length: all }, (_, i) => i));
    const logits = first.predict(batch.inputs);
    const copies = new Map([...first.state('plugins').tensors].map(([name, each]) => [name, each.clone()]));
    const { json } = first.state('plugins');
    first.detach();
    const second = attach(model, [queryTokens({ ...options, features })], { loss: crossEntropy });
    second.loadState({ tensors: copies, json });
    const again = second.predict(batch.inputs);
    expect(again.dataSync()).toEqual(logits.dataSync());
    second.detach();
    for (const each of [logits, again, ...copies.values()]) each.dispose();
  });

  it('serve a second training with fewer, from which fewer still can be selected', async () => {
    const first = trainer(model, [queryTokens({ ...options, groupLasso: 1e-2 })]);
    await losses(first.stack, batch, 3);
    const features = await selectQueryFeatures(first.stack, 0.5);
    expect(features.length).toBe(all / 2);
    first.release();
    const second = trainer(model, [queryTokens({ ...options, features })]);
    expect(second.stack.namedParameters().get('query-tokens/head.classifier.weight')?.shape).toEqual([all / 2, 3]);
    const told = await losses(second.stack, batch, 6);
    expect(told.at(-1)).toBeLessThan(told[0] as number);
    const fewer = await selectQueryFeatures(second.stack, 0.5);
    expect(fewer.length).toBe(all / 4);
    expect(fewer.every((feature) => features.includes(feature))).toBe(true);
    second.release();
  });

  it('are refused for a share that is none, and without queries', async () => {
    const stack = attach(model, [], { loss: crossEntropy });
    await expect(selectQueryFeatures(stack, 0)).rejects.toMatchObject({ code: 'BAD_OPTION' });
    await expect(selectQueryFeatures(stack, 0.5)).rejects.toMatchObject({ code: 'QUERY_HEAD_MISSING' });
    stack.detach();
  });
});
