import { attach, definePlugin, grad, type Stack } from '@tapgrad/core';
import { crossEntropy, MeanPool, type TransformerBlock } from '@tapgrad/nn';
import {
  add,
  concat,
  div,
  keep,
  matMul,
  mean,
  mul,
  norm,
  reshape,
  slice,
  sum,
  type Tensor,
  tensor,
} from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { recordedStep } from '../recorded-step.ts';
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
import type { QueryTokensOptions } from './options.ts';
import { undetachedBlock } from './undetached.ts';

type Blocks = TestModel & {
  readonly layers: readonly TransformerBlock[];
  readonly norm: { call(x: Tensor): Tensor } | undefined;
};
type Options = Partial<QueryTokensOptions>;

const settings: [string, () => Blocks, () => TestBatch, Options][] = [
  ['a vision transformer', tinyVision as () => Blocks, images, {}],
  [
    'separate projections, pooled by mean',
    () => tinyVision({ projections: 'separate' }) as Blocks,
    images,
    { pooling: 'mean' },
  ],
  ['a padded text encoder with learned weights', tinyText as () => Blocks, texts, { pooling: 'weighted' }],
  ['a causal text encoder', () => tinyText({ causal: true }) as Blocks, texts, {}],
  ['post-norm blocks', () => tinyText({ norm: 'post' }) as Blocks, texts, {}],
  ['keys and values projected again', tinyText as () => Blocks, texts, { keep: 'recompute' }],
];

let model: Blocks;
let batch: TestBatch;

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

const plugin = (options: Options) => queryTokens({ count: 3, dropout: 0, head: { classes: 3 }, ...options });

/** What entered the first block, its mask, and what came out of every block, in one training forward. */
function passed(stack: Stack<Tensor>): Map<string, Tensor> {
  const seen = new Map<string, Tensor>();
  const untap = stack.hooks.taps.add({
    plugin: 'spy',
    rank: 99,
    pattern: 'layers.*:{input,output}',
    forward(value, { modulePath, point }) {
      const [x, mask] = (Array.isArray(value) ? value : [value]) as Tensor[];
      const copy = (each: Tensor) => keep(tensor(each.dataSync(), each.shape));
      seen.set(`${modulePath}:${point}`, copy(x as Tensor));
      if (mask && !seen.has('mask')) seen.set('mask', copy(mask));
    },
  });
  stack.gradientsOf(batch).dispose();
  untap();
  return seen;
}

function dispose(tensors: ReadonlyMap<string, Tensor>): void {
  for (const each of tensors.values()) each.dispose();
}

describe.each(settings)('the split, with %s', (_, make, makeBatch, options) => {
  it('gives the tokens of the frozen model, bit for bit, whatever the queries are', () => {
    [model, batch] = [make(), makeBatch()];
    const observer = definePlugin({
      name: 'observer',
      apply: ({ hooks }) => void hooks.tap(':output').forward(() => {}),
    });
    const outputs = (plugins: Parameters<typeof attach>[1], prepare: (stack: Stack<Tensor>) => void = () => {}) => {
      const stack = attach(model, plugins, { loss: crossEntropy });
      prepare(stack);
      const seen = passed(stack);
      const values = [...seen].map(([name, each]) => [name, ...each.dataSync()]);
      dispose(seen);
      stack.detach();
      return values;
    };
    const frozen = outputs([observer()]);
    expect(outputs([plugin(options)])).toEqual(frozen);
    expect(outputs([plugin({ ...options, count: 7 })], (stack) => scatterTrained(stack, 5))).toEqual(frozen);
  });

  it('gives the gradients of the graph that is not cut, within 1e-6 (here 1e-9)', () => {
    [model, batch] = [make(), makeBatch()];
    const stack = attach(model, [plugin(options)], { loss: crossEntropy });
    scatterTrained(stack);
    const trained = [...stack.trainableParameters()];
    const value = (name: string) => stack.namedParameters().get(`query-tokens/${name}`)?.variable as Tensor;
    const seen = passed(stack);
    const made = stack.gradientsOf(batch);
    const split = new Map(trained.map(([name]) => [name, Array.from(made.gradients.get(name)?.dataSync() ?? [])]));
    made.dispose();

    const taps = stack.hooks.taps;
    for (const module of model.namedModules().values()) module.taps = undefined;
    const logits = () => {
      let tokens = seen.get('layers.0:input') as Tensor;
      const mask = seen.get('mask');
      const read: Tensor[] = [];
      for (const [layer, block] of model.layers.entries()) {
        const [rows, next] = undetachedBlock(block, value(`queries.layers.${layer}.tokens`), tokens, mask);
        const weights = options.pooling === 'weighted' ? value(`head.weights.${layer}`) : undefined;
        if (weights) read.push(sum(mul(rows, reshape(weights, [-1, 1])), 1));
        else read.push(options.pooling === 'mean' ? mean(rows, 1) : reshape(rows, [rows.shape[0] as number, -1]));
        tokens = next;
      }
      const normed = model.norm ? model.norm.call(tokens) : tokens;
      const first = () => reshape(slice(normed, [0, 0, 0], [-1, 1, -1]), [normed.shape[0] as number, -1]);
      const real = mask && reshape(add(1, mul(mask, 1e-9)), [-1, tokens.shape[1] as number]);
      const pooled = real ? new MeanPool().call(normed, real) : first();
      const unit = [pooled, ...read].map((each) => div(each, norm(each, 2, 1, true)));
      return add(matMul(concat(unit, 1), value('head.classifier.weight')), value('head.classifier.bias'));
    };
    const whole = grad(
      () => crossEntropy(logits(), batch.targets),
      Object.fromEntries(trained.map(([name, each]) => [name, each.variable as Tensor])),
    );
    for (const module of model.namedModules().values()) module.taps = taps;
    for (const [name, gradient] of Object.entries(whole)) {
      const expected = gradient.dataSync();
      expect([name, split.get(name)?.length]).toEqual([name, expected.length]);
      split.get(name)?.forEach((each, i) => void expect(each, name).toBeCloseTo(expected[i] as number, 9));
      expect(Math.max(...expected.map(Math.abs)), name).toBeGreaterThan(1e-4);
      gradient.dispose();
    }
    dispose(seen);
    stack.detach();
  });

  it('sends no gradient into the model, and records nothing of its stream', () => {
    [model, batch] = [make(), makeBatch()];
    const points = ['layers.0:input', 'layers.*:output', 'layers.*.attention:{key,value,context}', 'head:input'];
    const { gradients, tracked, nodes } = recordedStep(model, plugin(options), batch, points);
    expect(gradients.filter((name) => !name.startsWith('query-tokens/'))).toEqual([]);
    expect(tracked).toEqual([]);
    expect(nodes.length).toBeGreaterThan(10);
  });
});
