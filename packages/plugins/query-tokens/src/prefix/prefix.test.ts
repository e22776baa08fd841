import { attach, Module, type Plugin, randomStream, type Stack } from '@tapgrad/core';
import { crossEntropy, MultiHeadAttention, SentenceEncoder } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import { abs, add, mean, ones, slice, sub, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { promptTokens } from '../prompt/index.ts';
import {
  codeOf,
  disposeBatch,
  images,
  losses,
  randomTensor,
  scatterTrained,
  type TestBatch,
  type TestModel,
  texts,
  tinyText,
  tinyVision,
  trainer,
  withValues,
} from '../test-models.ts';
import { foldPrefix } from './fold-prefix.ts';
import { prefixTokens } from './index.ts';
import { gatedPrefix } from './math.ts';
import type { PrefixTokensOptions } from './options.ts';

let model: TestModel | undefined;
let stack: Stack<Tensor> | undefined;

afterEach(() => {
  stack?.detach();
  model?.dispose();
  stack = undefined;
  model = undefined;
});

function attached(made: TestModel, options: PrefixTokensOptions, ...others: Plugin[]): Stack<Tensor> {
  model = made;
  stack = attach(made, [prefixTokens(options), ...others], { loss: crossEntropy });
  return stack;
}

const value = (made: Stack<Tensor>, name: string) =>
  made.namedParameters().get(`prefix-tokens/${name}`)?.variable as Tensor;
const trained = (made: Stack<Tensor>) => [...made.trainableParameters()];
const count = (made: Stack<Tensor>) => trained(made).reduce((total, [, { size }]) => total + size, 0);
const difference = (a: Tensor, b: Tensor) => Math.max(...abs(sub(a, b)).dataSync());

/** Attention of the first two tokens to all by themselves, and of those to a memory that is padded. */
class Decoder extends Module {
  readonly self = new MultiHeadAttention({ width: 8, heads: 2, causal: true, random: randomStream(1) });
  readonly cross = new MultiHeadAttention({ width: 8, heads: 2, projections: 'separate', random: randomStream(2) });

  override forward(x: Tensor): Tensor {
    const y = slice(x, [0, 0, 0], [-1, 2, -1]);
    return mean(this.cross.call(add(y, this.self.call(y)), tensor([0, 0, 0, -1e9], [1, 1, 1, 4]), x), 1);
  }
}

describe('what trains with prefixes', () => {
  const [layers, d, m, hidden] = [2, 8, 5, 6];

  it.each<[string, PrefixTokensOptions, number]>([
    ['tables: 2·L·m·d, and the head', { parametrization: 'direct' }, 2 * layers * m * d + 27],
    [
      'a network: m·d, to the hidden layer, to 2·L·d, and nothing of the model',
      { hidden, train: '' },
      m * d + (d + 1) * hidden + (hidden + 1) * 2 * layers * d,
    ],
    [
      'tables and a classifier of its own',
      { parametrization: 'direct', head: { classes: 7 } },
      2 * layers * m * d + 63,
    ],
  ])('%s', (_, options, expected) => {
    expect(count(attached(tinyVision(), { count: m, ...options }))).toBe(expected);
  });

  it('has 800 hidden units and 30 tokens by default', () => {
    const shapes = trained(attached(tinyVision(), {})).map(([name, { shape }]) => [name, ...shape]);
    expect(shapes).toContainEqual(['prefix-tokens/prefix.table', 30, 8]);
    expect(shapes).toContainEqual(['prefix-tokens/prefix.up.weight', 800, 2 * 2 * 8]);
  });

  it('is as wide as the keys of each attention', () => {
    const made = attached(new SentenceEncoder({ classes: 3, random: randomStream(1) }), { count: 2, hidden: 3 });
    expect(value(made, 'prefix.up.weight').shape).toEqual([3, 2 * (256 + 512)]);
    tidy(() => void expect(made.predict(ones([2, 4], 'int32')).shape).toEqual([2, 3]));
  });

  it('starts as N(0, 0.02²)', () => {
    const made = attached(tinyVision(), { count: 200, parametrization: 'direct' });
    const values = Array.from(value(made, 'prefix.keys.0').dataSync());
    const deviation = Math.sqrt(values.reduce((total, each) => total + each ** 2, 0) / values.length);
    expect(deviation).toBeGreaterThan(0.019);
    expect(deviation).toBeLessThan(0.021);
  });
});

describe('prefixes', () => {
  it('make of an attention’s context the sum that the gate makes, in a padded encoder', () => {
    const made = attached(tinyText(), { count: 3, parametrization: 'direct', train: '' });
    scatterTrained(made, 1);
    const batch = texts();
    tidy(() => {
      const ids = Array.from(batch.inputs.dataSync());
      const mask = tensor(
        ids.map((id) => (id < 0 ? -1e9 : 0)),
        [3, 1, 1, 5],
      );
      const seen: Record<string, Tensor> = {};
      const differences: number[] = [];
      // In front of the prefix's taps, so that keys and values are seen as they were.
      made.hooks.taps.add({
        plugin: 'spy',
        rank: -1,
        pattern: 'layers.1.attention:{query,key,value,context}',
        forward(given, { point }) {
          seen[point] = given as Tensor;
          if (point !== 'context') return;
          const [prefixKey, prefixValue] = [value(made, 'prefix.keys.1'), value(made, 'prefix.values.1')];
          const { query, key, value: values } = seen as Record<'query' | 'key' | 'value', Tensor>;
          const gated = gatedPrefix({ query, key, value: values, prefixKey, prefixValue, heads: 2, mask });
          differences.push(difference(given as Tensor, gated));
        },
      });
      made.predict(batch.inputs);
      expect(differences.length).toBe(1);
      expect(differences[0]).toBeLessThan(1e-14);
    });
    disposeBatch(batch);
  });

  it('with m = 0 leave the logits as they are, bit for bit', () => {
    const batch = texts();
    model = tinyText();
    const bare = attach(model, [], { loss: crossEntropy });
    const expected = tidy(() => Array.from(bare.predict(batch.inputs).dataSync()));
    bare.detach();
    const made = attached(model, { count: 0 });
    expect(tidy(() => Array.from(made.predict(batch.inputs).dataSync()))).toEqual(expected);
    expect(trained(made).map(([name]) => name)).toEqual(['head.weight', 'head.bias']);
    disposeBatch(batch);
  });

  it('go before the keys of causal self-attention and of cross-attention to a padded memory, each kind by its own', () => {
    const options: PrefixTokensOptions = { attention: ['self', 'cross'], count: 3, parametrization: 'direct' };
    const made = attached(new Decoder(), options);
    scatterTrained(made, 1);
    const names = [...made.namedParameters().keys()].filter((name) => name.includes('/'));
    expect(names).toEqual(
      ['0', '1'].flatMap((kind) => ['keys.0', 'values.0'].map((name) => `prefix-tokens/prefix-${kind}.${name}`)),
    );
    tidy(() => {
      const x = randomTensor([2, 4, 8]);
      const hidden = add(
        x,
        tensor(
          Array.from({ length: 64 }, (_, i) => (i % 32 < 24 ? 0 : 9)),
          [2, 4, 8],
        ),
      );
      // What is padded is not seen, and the second token not by the first.
      expect(difference(made.predict(x), made.predict(hidden))).toBe(0);
      const before = Array.from(made.predict(x).dataSync());
      stack?.setEnabled('prefix-tokens', false);
      expect(Array.from(made.predict(x).dataSync())).not.toEqual(before);
    });
  });

  it.each<[string, () => TestModel, (batch: number) => TestBatch, PrefixTokensOptions]>([
    ['tables', tinyVision, images, { parametrization: 'direct' }],
    ['a network', tinyText, texts, { hidden: 3, head: { classes: 3 } }],
  ])('out of %s: every parameter has the gradient that central differences show', (_, make, makeBatch, options) => {
    const made = attached(make().eval(), { count: 2, ...options });
    const batch = makeBatch(2);
    scatterTrained(made);
    const parameters = trained(made).map(([, each]) => each);
    gradcheck(
      (...values) =>
        withValues(parameters, values, () => crossEntropy(model?.call(...([batch.inputs] as never)) as Tensor, batch)),
      parameters.map((parameter) => parameter.variable),
    );
    disposeBatch(batch);
  });

  it('go together with prompts, whose tokens lengthen the mask first or last', () => {
    const batch = texts();
    const made = attached(tinyText(), { count: 2, hidden: 3 }, promptTokens({ count: 3 }));
    tidy(() => void expect(made.predict(batch.inputs).shape).toEqual([3, 3]));
    const { gradients, dispose } = made.gradientsOf(batch);
    expect(new Set([...gradients.keys()].map((name) => name.split(/[/.]/)[0]))).toEqual(
      new Set(['prefix-tokens', 'prompt-tokens', 'head']),
    );
    dispose();
    disposeBatch(batch);
  });
});

describe('a folded prefix', () => {
  it('gives what the network gave, out of 2·L·m·d numbers', async () => {
    const batch = texts();
    model = tinyText();
    const options = { count: 4, hidden: 5, dropout: 0.2, head: { classes: 3 } } as const;
    const first = trainer(model, [prefixTokens(options)]);
    await losses(first.stack, batch, 2);
    const expected = first.stack.predict(batch.inputs);
    const folded = foldPrefix(first.stack);
    first.release();
    const made = attached(model, { ...options, parametrization: 'direct' });
    made.loadState(folded.state);
    folded.dispose();
    expect(value(made, 'prefix.keys.1').shape).toEqual([4, 8]);
    tidy(() => void expect(difference(made.predict(batch.inputs), expected)).toBeLessThan(1e-14));
    expect(codeOf(() => foldPrefix(made))).toBe('PREFIX_NO_NETWORK');
    expected.dispose();
    disposeBatch(batch);
  });
});

describe('prefixes are refused', () => {
  class Odd extends Decoder {
    override forward(x: Tensor): Tensor {
      return this.self.call(x, ones([4, 4]));
    }
  }

  it.each<[string, () => TestModel, PrefixTokensOptions]>([
    ['PREFIX_ATTENTION', tinyVision, { attention: 'blocks.*' }],
    ['PREFIX_ATTENTION', tinyVision, { attention: 'layers.*.mlp' }],
    ['TOKENS_TRAIN', tinyVision, { train: 'heads.**' }],
  ])('with %s at attach, and nothing is left', (code, make, options) => {
    expect(codeOf(() => attached(make(), options))).toBe(code);
    expect(codeOf(() => attach(model as TestModel, [], { loss: crossEntropy }).detach())).toBeUndefined();
  });

  it('with PREFIX_MASK in forward', () => {
    const made = attached(new Odd(), { attention: 'self', count: 2 });
    tidy(() => void expect(codeOf(() => made.predict(ones([2, 4, 8])))).toBe('PREFIX_MASK'));
  });

  it('with TOKENS_HEAD_TAKEN where two plugins bring a classifier', () => {
    const own = { head: { classes: 3 } };
    expect(codeOf(() => attached(tinyVision(), own, promptTokens(own)))).toBe('TOKENS_HEAD_TAKEN');
  });

  it('with PLUGIN_OPTIONS where options do not fit', () => {
    for (const options of [{ count: -1 }, { attention: [] }, { parametrization: 'lora' }, { width: 3 }]) {
      expect(codeOf(() => prefixTokens(options as PrefixTokensOptions))).toBe('PLUGIN_OPTIONS');
    }
  });
});
