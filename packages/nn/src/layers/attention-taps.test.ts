import { attach, definePlugin, randomStream } from '@tapgrad/core';
import { add, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-support.ts';
import { BatchNorm2d } from './batch-norm-2d.ts';
import { MultiHeadAttention } from './multi-head-attention.ts';
import { Sequential } from './sequential.ts';

const build = () => new MultiHeadAttention({ width: 6, heads: 2, random: randomStream(1) });
const loss = (outputs: unknown) => sum(outputs as Tensor);

function observer(points: readonly string[], seen: Map<string, number[]>) {
  return definePlugin({
    name: 'observer',
    apply({ hooks }) {
      for (const point of points) {
        hooks.tap(`**:${point}`).forward((value) => void seen.set(point, value.shape));
        hooks.tap(`**:${point}`).backward((gradient) => void seen.set(`d${point}`, gradient.shape));
      }
    },
  })();
}

describe('inner tap points of attention', () => {
  const points = ['query', 'key', 'value', 'scores', 'context'];

  it('values and gradients pass them, with the shapes that are documented', () => {
    const model = build();
    const seen = new Map<string, number[]>();
    const stack = attach(model, [observer(points, seen)], { loss });
    const x = randomTensor([2, 3, 6]);
    stack.gradientsOf({ inputs: x }).dispose();
    const expected = Object.fromEntries(points.map((point) => [point, point === 'scores' ? [2, 2, 3, 3] : [2, 3, 6]]));
    for (const [point, shape] of Object.entries(expected)) {
      expect([point, seen.get(point), seen.get(`d${point}`)]).toEqual([point, shape, shape]);
    }
    stack.detach();
    x.dispose();
    model.dispose();
  });

  it('looking at the scores changes neither output nor gradients', () => {
    const x = randomTensor([2, 3, 6]);
    const gradients = (watched: readonly string[]) => {
      const model = build();
      const stack = attach(model, watched.length > 0 ? [observer(watched, new Map())] : [], { loss });
      const made = stack.gradientsOf({ inputs: x });
      const values = [...made.gradients.values()].flatMap((gradient) => Array.from(gradient.dataSync()));
      made.dispose();
      stack.detach();
      model.dispose();
      return values;
    };
    const [bare, fused, open] = [gradients([]), gradients(['query', 'context']), gradients(['scores'])];
    expect(fused).toEqual(bare);
    for (const [i, value] of open.entries()) expect(value).toBeCloseTo(bare[i] as number, 10);
    x.dispose();
  });

  it('a plugin can add a bias to the scores', () => {
    const model = build();
    const x = randomTensor([1, 3, 6]);
    const bias = randomTensor([1, 2, 3, 3], 5);
    const withMask = tidy(() => Array.from(model.call(x, bias).dataSync()));
    const biased = definePlugin({
      name: 'bias',
      apply: ({ hooks }) => void hooks.tap('**:scores').forward((scores) => add(scores, bias)),
    });
    const stack = attach(model, [biased()], { loss });
    const tapped = tidy(() => Array.from((stack.predict(x) as Tensor).dataSync()));
    for (const [i, value] of tapped.entries()) expect(value).toBeCloseTo(withMask[i] as number, 10);
    stack.detach();
    x.dispose();
    bias.dispose();
    model.dispose();
  });
});

describe('a shadow forward', () => {
  it('leaves running statistics as they are, in training mode too', () => {
    const norm = new BatchNorm2d(3);
    const model = new Sequential(norm);
    const stack = attach(model, [], { loss });
    const x = randomTensor([2, 2, 2, 3], 3);
    const before = Array.from(norm.runningMean.variable.dataSync());
    tidy(() => void stack.predict(x));
    expect(Array.from(norm.runningMean.variable.dataSync())).toEqual(before);
    stack.gradientsOf({ inputs: x }).dispose();
    expect(Array.from(norm.runningMean.variable.dataSync())).not.toEqual(before);
    stack.detach();
    x.dispose();
    model.dispose();
  });
});

describe('queries, keys and values of attention', () => {
  it.each(['fused', 'separate'] as const)('are what pass its tap points, with %s projections', (projections) => {
    const model = new MultiHeadAttention({ width: 6, heads: 2, projections, random: randomStream(1) });
    const passed = new Map<string, number[]>();
    const spy = definePlugin({
      name: 'spy',
      apply({ hooks }) {
        for (const point of ['query', 'key', 'value'])
          hooks.tap(`:${point}`).forward((value) => void passed.set(point, Array.from(value.dataSync())));
      },
    });
    const stack = attach(model, [spy()], { loss });
    tidy(() => {
      const [x, memory] = [randomTensor([2, 3, 6]), randomTensor([2, 4, 6], 2)];
      for (const source of [x, memory]) {
        stack.predict(x, undefined, source);
        const given = [model.queriesOf(x), ...model.keysAndValuesOf(source)];
        expect(given.map((each) => Array.from(each.dataSync()))).toEqual([...passed.values()]);
      }
    });
    stack.detach();
    model.dispose();
  });
});
