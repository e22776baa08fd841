import { attach, copyOf, definePlugin, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { dispose, mul, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingHead, type LingoCLOptions, lingoCL } from '../index.ts';
import { learn, pairBatch, pairTask, TinyClassifier, valuesOfAll } from '../test-heads.ts';

/** As wide as the features. */
const vectors = {
  cat: [1, 0, 2, 0, -1, 0],
  dog: [0, 1, 1, 0, 0, 1],
  ship: [
    [0, 0, 1, 1, 0, 0],
    [0, -1, 1, 2, 0, 0],
  ],
  lorry: [1, 1, 0, 0, 0, 3],
};
const narrow = 'cat\t1 0 0\ndog\t0 1 0\nship\t0 0 1\nlorry\t1 1 1\n';

let model: TinyClassifier;
let optimizer: ReturnType<typeof sgd>;
let stack: Stack<Tensor> | undefined;

function put(options: Partial<LingoCLOptions> = {}): Stack<Tensor> {
  stack?.detach();
  stack = attach<Tensor>(model, [lingoCL({ vectors, ...options })], { loss: crossEntropy, optimizer, seed: 5 });
  return stack;
}

beforeEach(() => {
  model = new TinyClassifier();
  optimizer = sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 });
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  optimizer.dispose();
  model.dispose();
});

function outputOf(of: Stack<Tensor>, index: number): number[][] {
  const { inputs, targets } = pairBatch(index);
  const output = tidy(() => of.predict(inputs).arraySync() as number[][]);
  dispose([inputs, targets]);
  return output;
}

const rowsOf = (of: Stack<Tensor>) =>
  valuesOfAll(new Map([...of.state('plugins').tensors].filter(([name]) => name.endsWith('.rows'))));

describe('LingoCL', () => {
  it('keeps the rows bit for bit through steps with momentum and decay, which do train the features', async () => {
    const of = put();
    await of.begin('task', { index: 0, task: pairTask(0) });
    const before = rowsOf(of);
    const body = valuesOfAll(model.state());
    await learn(of, 0, 5);
    await learn(of, 1, 5);
    expect(rowsOf(of)['lingocl/targets.0.rows']).toEqual(before['lingocl/targets.0.rows']);
    expect(Math.hypot(...(before['lingocl/targets.0.rows'] ?? []).slice(0, 6))).toBeCloseTo(1, 12);
    expect(valuesOfAll(model.state())['body.weight']).not.toEqual(body['body.weight']);
    expect(valuesOfAll(model.state())['head.weight']).toEqual(body['head.weight']);
  });

  it('has no parameter where widths agree, and no gradient of rows reaches anybody', async () => {
    const of = put();
    await of.begin('task', { index: 0, task: pairTask(0) });
    const batch = pairBatch(0);
    const { gradients, dispose: free } = of.gradientsOf(batch);
    expect([...gradients.keys()].sort()).toEqual(['body.bias', 'body.weight']);
    expect([...of.trainableParameters().keys()].sort()).toEqual(['body.bias', 'body.weight']);
    free();
    dispose([batch.inputs, batch.targets]);
  });

  it('appends a task without changing a logit of the old classes', async () => {
    const of = put();
    await learn(of, 0);
    const before = outputOf(of, 0);
    await of.begin('task', { index: 1, task: pairTask(1) });
    const after = outputOf(of, 0);
    expect(after[0]).toHaveLength(4);
    expect(after.map((row) => row.slice(0, 2))).toEqual(before);
  });

  it('gives cosines over the temperature', async () => {
    const of = put({ temperature: 1 });
    await of.begin('task', { index: 0, task: pairTask(0) });
    const cosines = outputOf(of, 0);
    expect(Math.max(...cosines.flat().map(Math.abs))).toBeLessThan(1);
    const sharp = put({ temperature: 0.25 });
    await sharp.begin('task', { index: 0, task: pairTask(0) });
    for (const [i, value] of outputOf(sharp, 0).flat().entries()) {
      expect(value).toBeCloseTo(4 * (cosines.flat()[i] as number), 12);
    }
  });

  it('trains one linear map where widths differ, and the scale where it shall', async () => {
    const of = put({ vectors: narrow, learnScale: true, temperature: 0.5 });
    await learn(of, 0);
    const own = () => [...of.trainableParameters()].filter(([name]) => name.startsWith('lingocl/'));
    expect(own().map(([name, { shape }]) => [name, shape])).toEqual([
      ['lingocl/scale', []],
      ['lingocl/map.weight', [6, 3]],
    ]);
    expect(own()[0]?.[1].variable.dataSync()[0]).not.toBe(2);
  });

  it('does not see how large features are', async () => {
    const seven = definePlugin({
      name: 'seven',
      apply: ({ hooks }) => void hooks.tap('head:input').forward((x) => mul(x, 7)),
    });
    const of = put();
    await of.begin('task', { index: 0, task: pairTask(0) });
    const before = outputOf(of, 0).flat();
    of.detach();
    stack = attach<Tensor>(model, [seven(), lingoCL({ vectors })], { loss: crossEntropy });
    await stack.begin('task', { index: 0, task: pairTask(0) });
    for (const [i, value] of outputOf(stack, 0).flat().entries()) expect(value).toBeCloseTo(before[i] as number, 11);
  });

  it('is the model by itself before any task', () => {
    const of = put();
    const output = outputOf(of, 0);
    of.setEnabled('lingocl', false);
    expect(output).toEqual(outputOf(of, 0));
  });
});

describe('LingoCL refuses', () => {
  it('a class without a vector, by its name, and a task without names', async () => {
    const of = put({ vectors: { cat: [1, 2, 3] } });
    await expect(of.begin('task', { index: 0, task: pairTask(0) })).rejects.toThrow(/CLASS_NAME_UNKNOWN.*named dog/);
    const { classNames: _, ...nameless } = pairTask(0);
    await expect(of.begin('task', { index: 0, task: nameless })).rejects.toThrow(/CLASS_NAMES_MISSING.*class 0/);
  });

  it('vectors of several widths', async () => {
    const of = put({ vectors: { cat: [1, 2, 3], dog: [1, 2] } });
    await expect(of.begin('task', { index: 0, task: pairTask(0) })).rejects.toThrow(/CLASS_VECTORS_INVALID.*3, 2/);
  });

  it('rows that were changed, at the next end or beginning of a task', async () => {
    const of = put();
    await learn(of, 0);
    const targets = of.modules().find(({ path }) => path === 'lingocl/targets.0');
    const changed = zeros([2, 6]);
    targets?.namedBuffers().get('rows')?.assign(changed);
    changed.dispose();
    const next = { index: 1, task: pairTask(1) };
    await expect(of.begin('task', next)).rejects.toThrow(/TARGETS_CHANGED.*lingocl\/targets.0/);
    await expect(of.end('task', next)).rejects.toThrow(/TARGETS_CHANGED/);
  });

  it('another head beside it', () => {
    expect(() => attach<Tensor>(model, [growingHead(), lingoCL({ vectors })], { loss: crossEntropy })).toThrow(
      /PLUGIN_WRITERS.*head:model/,
    );
  });
});

describe('the state of LingoCL', () => {
  it('goes into a fresh stack, map, scale and rows', async () => {
    const options = { vectors: narrow, learnScale: true };
    const of = put(options);
    for (const index of [0, 1]) await learn(of, index);
    const { tensors, json } = of.state('model', 'plugins');
    const saved = { tensors: new Map([...tensors].map(([name, each]) => [name, copyOf(each)])), json };
    const expected = outputOf(of, 1);
    model.dispose();
    of.detach();
    model = new TinyClassifier();
    stack = undefined;
    const fresh = put(options);
    await fresh.begin('task', { index: 1, task: pairTask(1), resumed: true });
    fresh.loadState(saved);
    expect(outputOf(fresh, 1)).toEqual(expected);
    await fresh.end('task', { index: 1, task: pairTask(1) });
    dispose([...saved.tensors.values()]);
  });
});
