import { attach, Module, type Plugin, randomStream, type Stack } from '@tapgrad/core';
import { crossEntropy, Linear, MultiHeadAttention, SentenceEncoder, TransformerBlock } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import { add, mean, ones, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { promptTokens } from '../prompt/index.ts';
import {
  codeOf,
  disposeBatch,
  images,
  randomTensor,
  scatterTrained,
  type TestBatch,
  type TestModel,
  texts,
  tinyText,
  tinyVision,
  withValues,
} from '../test-models.ts';
import { queryTokens } from './index.ts';
import type { QueryTokensOptions } from './options.ts';
import type { QueryableBlock } from './queryable-block.ts';

let model: TestModel | undefined;
let stack: Stack<Tensor> | undefined;

afterEach(() => {
  stack?.detach();
  model?.dispose();
  stack = undefined;
  model = undefined;
});

type Options = Partial<QueryTokensOptions>;

function attached(made: TestModel, options: Options = {}, ...others: Plugin[]): Stack<Tensor> {
  model = made;
  const plugin = queryTokens({ count: 3, dropout: 0, head: { classes: 3 }, ...options });
  stack = attach(made, [plugin, ...others], { loss: crossEntropy });
  return stack;
}

const trained = (made: Stack<Tensor>) => [...made.trainableParameters()];
const count = (made: Stack<Tensor>) => trained(made).reduce((total, [, { size }]) => total + size, 0);

/** A block of a class of one's own: attention, and nothing else than a linear layer. */
class Plain extends Module implements QueryableBlock {
  readonly inputWidth = 8;
  readonly width = 8;
  readonly attention = new MultiHeadAttention({ width: 8, heads: 2, random: randomStream(1) });
  readonly linear = new Linear(8, 8, { random: randomStream(2) });

  override forward(x: Tensor): Tensor {
    return this.around(x, (rows) => this.attention.call(rows));
  }

  around(rows: Tensor, attend: (rows: Tensor) => Tensor): Tensor {
    return add(rows, this.linear.call(attend(rows)));
  }
}

/** `[batch, tokens, 8]` through two blocks, of which a forward may leave out the first. */
class Custom extends Module {
  constructor(
    readonly layers: readonly Module[],
    private readonly from = 0,
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return mean(
      this.layers.slice(this.from).reduce((value, layer) => layer.call(value), x),
      1,
    );
  }
}

describe('what trains with queries', () => {
  const [layers, width, classes] = [2, 8, 3];

  it.each([1, 10])('T = %i: L·T·d + C·(d + L·T·d) + C', (queries) => {
    const expected = layers * queries * width + classes * (width + layers * queries * width) + classes;
    expect(count(attached(tinyVision(), { count: queries }))).toBe(expected);
    expect(trained(stack as Stack<Tensor>).every(([name]) => name.startsWith('query-tokens/'))).toBe(true);
  });

  it('pooled queries: C·(d + L·d), and T weights a block where these are learned', () => {
    const pooled = layers * 5 * width + classes * (width + layers * width) + classes;
    expect(count(attached(tinyVision(), { count: 5, pooling: 'mean' }))).toBe(pooled);
    stack?.detach();
    expect(count(attached(model as TestModel, { count: 5, pooling: 'weighted' }))).toBe(pooled + layers * 5);
  });

  it('goes by the widths of blocks that widen', () => {
    const made = attached(new SentenceEncoder({ classes: 3, random: randomStream(1) }), { count: 2 });
    const shapes = trained(made).map(([, { shape }]) => shape);
    expect(shapes).toEqual([[2, 256], [2, 512], [512 + 2 * 2 * 512, 3], [3]]);
    tidy(() => void expect(made.predict(ones([2, 4], 'int32')).shape).toEqual([2, 3]));
  });
});

describe('the head', () => {
  it('starts with a prior of 0.01 and weights that keep the variance of gradients', () => {
    const made = attached(tinyVision(), { count: 40 });
    const values = new Map(trained(made).map(([name, each]) => [name, Array.from(each.variable.dataSync())]));
    for (const bias of values.get('query-tokens/head.classifier.bias') ?? [])
      expect(bias).toBeCloseTo(-Math.log(99), 6);
    const weight = values.get('query-tokens/head.classifier.weight') as number[];
    const variance = weight.reduce((total, value) => total + value ** 2, 0) / weight.length;
    expect(variance).toBeGreaterThan(0.9 * (2 / 3));
    expect(variance).toBeLessThan(1.1 * (2 / 3));
  });

  it('gets the model’s part and that of each block as unit vectors', () => {
    const made = attached(tinyVision());
    let seen: number[][] = [];
    made.hooks.taps.add({
      plugin: 'spy',
      rank: 9,
      pattern: 'query-tokens/head.classifier:input',
      forward: (value) => void (seen = (value as Tensor).arraySync() as number[][]),
    });
    const batch = images();
    tidy(() => void made.predict(batch.inputs));
    disposeBatch(batch);
    for (const row of seen) {
      for (const [from, to] of [
        [0, 8],
        [8, 32],
        [32, 56],
      ]) {
        expect(Math.hypot(...row.slice(from, to))).toBeCloseTo(1, 12);
      }
    }
    expect(seen.length).toBe(3);
  });
});

describe('gradients of queries', () => {
  it.each<[string, () => TestModel, (batch: number) => TestBatch, Options]>([
    ['vision, side by side', tinyVision, images, {}],
    ['padded text, weighted, projected again', tinyText, texts, { pooling: 'weighted', keep: 'recompute' }],
    [
      'post-norm text, mean of selected features',
      () => tinyText({ norm: 'post' }),
      texts,
      { pooling: 'mean', features: [0, 3, 9, 20] },
    ],
    [
      'a block that widens',
      () =>
        new Custom(
          [4, 8].map(
            (inputWidth, i) => new TransformerBlock({ inputWidth, width: 8, heads: 2, random: randomStream(i) }),
          ),
        ),
      (size) => ({ inputs: randomTensor([size, 4, 4]), targets: tensor([0, 1], [size], 'int32') }),
      {},
    ],
  ])('are those that central differences show: %s', (_, make, makeBatch, options) => {
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

  it('are the same, bit for bit, whether keys and values are kept or projected again', () => {
    const batch = texts();
    const gradients = (['memory', 'recompute'] as const).map((keep) => {
      const made = attached(tinyText(), { keep });
      const { gradients: all, dispose } = made.gradientsOf(batch);
      const values = [...all].map(([name, each]) => [name, ...each.dataSync()]);
      dispose();
      made.detach();
      model?.dispose();
      return values;
    });
    expect(gradients[1]).toEqual(gradients[0]);
    disposeBatch(batch);
  });
});

describe('blocks', () => {
  it('of a class of one’s own that implements QueryableBlock are read', () => {
    const made = attached(new Custom([new Plain(), new Plain()]));
    const batch = { inputs: ones([3, 4, 8]), targets: tidy(() => images().targets.clone()) };
    tidy(() => void expect(made.predict(batch.inputs).shape).toEqual([3, 3]));
    batch.inputs.dispose();
    batch.targets.dispose();
  });

  it.each<[string, () => TestModel, Options]>([
    ['NO_BLOCKS', tinyVision, { blocks: 'blocks.*' }],
    ['QUERY_BLOCK_UNKNOWN', () => new Custom([new Linear(8, 8)]), {}],
    ['QUERY_FEATURES', tinyVision, { features: [0, 1, 1] }],
    ['QUERY_FEATURES', tinyVision, { features: [8 + 2 * 3 * 8] }],
  ])('and options are refused with %s at attach, and nothing is left', (code, make, options) => {
    expect(codeOf(() => attached(make(), options))).toBe(code);
    expect(codeOf(() => attach(model as TestModel, [], { loss: crossEntropy }).detach())).toBeUndefined();
  });

  it('that a forward leaves out are told: QUERY_BLOCK_SKIPPED', () => {
    const blocks = [0, 1].map(() => new TransformerBlock({ width: 8, heads: 2 }) as Module);
    const made = attached(new Custom(blocks, 1));
    const x = ones([2, 4, 8]);
    expect(codeOf(() => made.predict(x))).toBe('QUERY_BLOCK_SKIPPED');
    x.dispose();
  });

  it('cannot have prompts that train beside queries: PLUGIN_CONFLICT', () => {
    expect(codeOf(() => attached(tinyVision(), {}, promptTokens()))).toBe('PLUGIN_CONFLICT');
  });
});
