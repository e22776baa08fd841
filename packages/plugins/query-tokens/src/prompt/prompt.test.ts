import { attach, Module, randomStream, type Stack } from '@tapgrad/core';
import { crossEntropy, Linear, SentenceEncoder } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import { mean, ones, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  codeOf,
  disposeBatch,
  images,
  scatterTrained,
  type TestBatch,
  type TestModel,
  texts,
  tinyText,
  tinyVision,
  withValues,
} from '../test-models.ts';
import { promptTokens } from './index.ts';
import type { PromptTokensOptions } from './options.ts';

let model: TestModel | undefined;
let stack: Stack<Tensor> | undefined;

afterEach(() => {
  stack?.detach();
  model?.dispose();
  stack = undefined;
  model = undefined;
});

function attached(made: TestModel, options: PromptTokensOptions): Stack<Tensor> {
  model = made;
  stack = attach(made, [promptTokens(options)], { loss: crossEntropy });
  return stack;
}

/** Blocks of a class that says nothing of its width. */
class Custom extends Module {
  readonly layers = [0, 1].map(() => new Linear(8, 8, { random: randomStream(1) }));
  readonly head = new Linear(8, 3, { random: randomStream(2) });

  override forward(x: Tensor): Tensor {
    return this.head.call(
      mean(
        this.layers.reduce<Tensor>((value, layer) => layer.call(value), x),
        1,
      ),
    );
  }
}

const sum = (counts: Iterable<{ size: number }>) => [...counts].reduce((total, { size }) => total + size, 0);

describe('what trains with prompts', () => {
  it.each<[string, PromptTokensOptions, number]>([
    ['deep: m·d a block, and the head', { count: 5 }, 2 * 5 * 8 + 27],
    ['shallow: m·d, and the head', { count: 5, mode: 'shallow' }, 5 * 8 + 27],
    ['deep with a classifier of its own', { count: 5, head: { classes: 7 } }, 2 * 5 * 8 + 8 * 7 + 7],
    ['deep and nothing of the model', { count: 5, train: '' }, 2 * 5 * 8],
    ['deep and the model’s norms', { count: 5, train: '**.norm*.*' }, 2 * 5 * 8 + 5 * 16],
  ])('%s', (_, options, expected) => {
    expect(sum(attached(tinyVision(), options).trainableParameters().values())).toBe(expected);
  });

  it('are prompts as wide as what each block takes', () => {
    const made = attached(new SentenceEncoder({ classes: 3, random: randomStream(1) }), { count: 2 });
    const shapes = [...made.namedParameters()]
      .filter(([name]) => name.startsWith('prompt'))
      .map(([, { shape }]) => shape);
    expect(shapes).toEqual([
      [2, 256],
      [2, 512],
    ]);
  });
});

describe('prompts', () => {
  it('start within ±√(6 / (3 p² + d)), p the side of the model’s patches, 16 for text', () => {
    const bounds = [tinyVision(), tinyText()].map((each) => {
      const made = attached(each, { count: 200, head: 'model' });
      const values = made.namedParameters().get('prompt-tokens/prompts.tokens.0')?.variable.dataSync() ?? [];
      made.detach();
      each.dispose();
      return Math.max(...Array.from(values, Math.abs));
    });
    for (const [i, patch] of [2, 16].entries()) {
      const bound = Math.sqrt(6 / (3 * patch ** 2 + 8));
      expect(bounds[i]).toBeLessThanOrEqual(bound);
      expect(bounds[i]).toBeGreaterThan(0.98 * bound);
    }
  });

  it('drop out, sample by sample, in training alone; frozen blocks do not', () => {
    const made = attached(tinyVision({ dropout: 0.5 }), { count: 4, dropout: 0.5 });
    const seen: number[][] = [];
    const untap = made.hooks.taps.add({
      plugin: 'spy',
      rank: 9,
      pattern: 'prompt-tokens/prompts:output',
      forward: (value) => void seen.push(Array.from((value as Tensor).dataSync())),
    });
    const batch = images();
    made.gradientsOf(batch).dispose();
    tidy(() => void made.predict(batch.inputs));
    untap();
    const [first, , evaluated] = seen as [number[], number[], number[]];
    expect(first.length).toBe(3 * 4 * 8);
    expect(first.slice(0, 32)).not.toEqual(first.slice(32, 64));
    expect(first.filter((value) => value === 0).length).toBeGreaterThan(20);
    expect(evaluated.length).toBe(4 * 8);
    disposeBatch(batch);
  });

  it.each<[string, () => TestModel, (batch: number) => TestBatch, PromptTokensOptions]>([
    ['deep', tinyVision, images, { count: 2 }],
    ['shallow with a classifier', tinyText, texts, { count: 2, mode: 'shallow', head: { classes: 3 } }],
  ])('%s: every parameter has the gradient that central differences show', (_, make, makeBatch, options) => {
    const made = attached(make().eval(), options);
    const batch = makeBatch(2);
    scatterTrained(made);
    const parameters = [...made.trainableParameters().values()];
    gradcheck(
      (...values) =>
        withValues(parameters, values, () => crossEntropy(model?.call(...([batch.inputs] as never)) as Tensor, batch)),
      parameters.map((parameter) => parameter.variable),
    );
    disposeBatch(batch);
  });

  it('go before blocks of any class whose width is given', () => {
    const made = attached(new Custom(), { count: 2, width: 8 });
    const x = ones([2, 4, 8]);
    tidy(() => void expect(made.predict(x).shape).toEqual([2, 3]));
    x.dispose();
  });
});

describe('prompts are refused', () => {
  it.each<[string, () => TestModel, PromptTokensOptions]>([
    ['NO_BLOCKS', tinyVision, { blocks: 'blocks.*' }],
    ['TOKENS_WIDTH', () => new Custom(), {}],
    ['TOKENS_TRAIN', tinyVision, { train: 'heads.**' }],
  ])('with %s at attach, and nothing is left', (code, make, options) => {
    expect(codeOf(() => attached(make(), options))).toBe(code);
    expect(codeOf(() => attach(model as TestModel, [], { loss: crossEntropy }).detach())).toBeUndefined();
  });

  it('with TOKENS_HEAD where a new classifier gets no pooled vector', () => {
    const made = attached(tinyText({ pooling: 'none', classes: 3 }), { head: { classes: 3 } });
    const batch = texts();
    expect(codeOf(() => made.predict(batch.inputs))).toBe('TOKENS_HEAD');
    disposeBatch(batch);
  });

  it.each<[string, object]>([
    ['an unknown option', { prompts: 4 }],
    ['no prompts', { count: 0 }],
    ['another mode', { mode: 'wide' }],
    ['a dropout of 1', { dropout: 1 }],
    ['a classifier without classes', { head: { classes: 0 } }],
  ])('with %s: PLUGIN_OPTIONS', (_, options) => {
    expect(codeOf(() => promptTokens(options as PromptTokensOptions))).toBe('PLUGIN_OPTIONS');
  });

  it('by types', () => {
    expectTypeOf(promptTokens).parameter(0).toEqualTypeOf<PromptTokensOptions | undefined>();
  });
});
