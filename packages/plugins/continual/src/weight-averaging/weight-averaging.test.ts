import { attach, type Batch, definePlugin, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy, type ResNet } from '@tapgrad/nn';
import { tinyResNet } from '@tapgrad/testing/builtin';
import { sgd } from '@tapgrad/train';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { weightAveraging } from '../index.ts';
import { dual, lowRank } from '../zscl/test-dual.ts';

type Values = Map<string, number[]>;

let model: ResNet;
let batches: Batch[];
let stack: Stack<Tensor>;

beforeEach(() => {
  model = tinyResNet.model() as unknown as ResNet;
  model.state();
  batches = [0, 1, 2, 3, 4].map((index) => tinyResNet.batch(index));
});

afterEach(() => {
  stack.detach();
  model.dispose();
  dispose(batches as never);
});

function put(...plugins: Plugin[]): void {
  stack = attach<Tensor>(model, plugins, { loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }) });
}

/** Parameters and running statistics. */
function now(): Values {
  return new Map([...model.state()].map(([name, each]) => [name, [...each.dataSync()]]));
}

/** Trains a task; gives its points: the start, and those behind each update. */
async function task(index: number, steps = 5): Promise<Values[]> {
  const points = [now()];
  await stack.begin('task', { index });
  for (let i = 0; i < steps; i++) {
    await (await stack.step(batches[i] as Batch)).loss;
    points.push(now());
  }
  await stack.end('task', { index });
  return points;
}

function expectMean(points: readonly (Values | undefined)[], weights = points.map(() => 1 / points.length)): void {
  for (const [name, values] of now()) {
    for (const [i, value] of values.entries()) {
      const mean = points.reduce((sum, each, k) => sum + (each?.get(name)?.[i] as number) * (weights[k] as number), 0);
      expect(Math.abs(value - mean)).toBeLessThan(1e-12 * Math.max(1, Math.abs(mean)));
    }
  }
}

describe('a task ends', () => {
  it('with the mean of its start and of every second point, running statistics too; and so does the next', async () => {
    put(weightAveraging({ every: 2 }));
    const first = await task(0);
    expectMean([0, 1, 3, 5].map((i) => first[i]));
    const second = await task(1, 3);
    expectMean([0, 1, 3].map((i) => second[i]));
  });

  it('with the exponential mean of its points', async () => {
    put(weightAveraging({ mode: 'ema', decay: 0.8 }));
    const points = await task(0, 3);
    expectMean(points, [0.8 ** 3, 0.2 * 0.8 ** 2, 0.2 * 0.8, 0.2]);
  });

  it('on the line between its start and its end; at its end, bit for bit, with alpha 1', async () => {
    put(weightAveraging({ mode: 'wise', alpha: 0.3 }));
    const points = await task(0, 3);
    expectMean([points[0], points[3]], [0.7, 0.3]);
    stack.detach();
    put(weightAveraging({ mode: 'wise', alpha: 1 }));
    const again = await task(0, 3);
    expect(now()).toEqual(again[3]);
  });

  it('as it is where nothing was told of its beginning', async () => {
    put(weightAveraging({ every: 1 }));
    await (await stack.step(batches[0] as Batch)).loss;
    const before = now();
    await stack.end('task', { index: 0 });
    expect(now()).toEqual(before);
  });

  it('with the mean of what trained for a part of it; what never trains stays, bit for bit', async () => {
    let frozen = ['fc.weight', 'layer1.0.conv1.weight'];
    const freezing = definePlugin({
      name: 'freezing',
      apply: ({ filterTrainable }) => filterTrainable((name) => (frozen.includes(name) ? false : undefined)),
    });
    put(freezing(), weightAveraging({ every: 1 }));
    const points = [now()];
    await stack.begin('task', { index: 0 });
    for (let i = 0; i < 4; i++) {
      if (i === 2) frozen = ['fc.bias', 'layer1.0.conv1.weight'];
      await (await stack.step(batches[i] as Batch)).loss;
      points.push(now());
    }
    await stack.end('task', { index: 0 });
    expectMean(points);
    expect(now().get('layer1.0.conv1.weight')).toEqual(points[0]?.get('layer1.0.conv1.weight'));
  });
});

describe('an evaluation in the middle of a task', () => {
  it.each(['current', 'average'] as const)('measures the %s weights, and leaves those that train', async (evaluate) => {
    put(weightAveraging({ every: 1, evaluate }));
    const points = [now()];
    await stack.begin('task', { index: 0 });
    for (let i = 0; i < 2; i++) {
      await (await stack.step(batches[i] as Batch)).loss;
      points.push(now());
    }
    const measured = await stack.evaluate([batches[3] as Batch]);
    expect(now()).toEqual(points[2]);
    stack.setEnabled('weight-averaging', false);
    const plain = await stack.evaluate([batches[3] as Batch]);
    stack.setEnabled('weight-averaging', true);
    await stack.end('task', { index: 0 });
    const ended = await stack.evaluate([batches[3] as Batch]);
    expect(measured.loss).toBe(evaluate === 'average' ? ended.loss : plain.loss);
    expect(ended.loss).not.toBe(plain.loss);
    expectMean(points);
  });

  it('has no average to measure before the end of a line', () => {
    put();
    expect(() => weightAveraging({ mode: 'wise', evaluate: 'average' })).toThrow(
      expect.objectContaining({ code: 'PLUGIN_OPTIONS' }),
    );
  });

  it('saves the weights that train, also while the average stands in for them', async () => {
    put(weightAveraging({ every: 1, evaluate: 'average' }));
    await stack.begin('task', { index: 0 });
    await (await stack.step(batches[0] as Batch)).loss;
    const weights = now();
    await stack.begin('evaluate');
    expect(now()).not.toEqual(weights);
    stack.state();
    expect(now()).toEqual(weights);
    await stack.end('evaluate');
    expect(now()).toEqual(weights);
  });
});

describe('with low-rank weights at a tap', () => {
  it('the thin matrices are averaged, each by itself, and the weight under them stays bit for bit', async () => {
    const on = dual([lowRank(), weightAveraging({ every: 1 })]);
    const read = () =>
      new Map(
        ['low-rank/down', 'low-rank/up'].map((name) => {
          const values = on.stack.namedParameters().get(name)?.variable.dataSync() ?? [];
          return [name, [...values]];
        }),
      );
    const under = () => [...on.model.state()].map(([name, each]) => [name, ...each.dataSync()]);
    const before = under();
    const points = [read()];
    await on.begin(0);
    for (let i = 0; i < 3; i++) {
      await on.step(i);
      points.push(read());
    }
    await on.end(0);
    for (const [name, values] of read()) {
      for (const [i, value] of values.entries()) {
        expect(value).toBeCloseTo(
          points.reduce((sum, each) => sum + (each.get(name)?.[i] as number) / 4, 0),
          12,
        );
      }
    }
    expect(under()).toEqual(before);
    on.dispose();
  });
});
