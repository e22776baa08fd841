import type { Module } from '@tapgrad/core';
import { valueAndGrad } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import { sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../losses/index.ts';
import { randomTensor } from '../test-support.ts';
import { MobileNetV2, ResNet, SentenceEncoder, TextEncoder, VisionTransformer } from './index.ts';

const ids = () => tensor([3, 5, 1, 2, 4, -1], [2, 3], 'int32');
const images = (size: number) => () => randomTensor([2, size, size, 3]);
const small = { width: 8, heads: 2, layers: 2, classes: 3 } as const;

const models: [string, () => Module, () => Tensor][] = [
  ['TextEncoder, pre-norm', () => new TextEncoder({ ...small, vocabularySize: 7, maxTokens: 5, dropout: 0.1 }), ids],
  [
    'TextEncoder like BERT',
    () => new TextEncoder({ ...small, vocabularySize: 7, norm: 'post', pooling: 'first-tanh', paddingId: 0 }),
    () => tensor([3, 5, 1, 2, 4, 0], [2, 3], 'int32'),
  ],
  [
    'TextEncoder, sinusoidal, first token',
    () => new TextEncoder({ ...small, vocabularySize: 7, positions: 'sinusoidal', pooling: 'first' }),
    ids,
  ],
  [
    'TextEncoder without positions or padding',
    () => new TextEncoder({ ...small, vocabularySize: 7, positions: 'none', paddingId: 'none' }),
    () => tensor([3, 5, 1, 2], [2, 2], 'int32'),
  ],
  ['VisionTransformer', () => new VisionTransformer({ ...small, imageSize: 8, patchSize: 4 }), images(8)],
  [
    'VisionTransformer, mean',
    () => new VisionTransformer({ ...small, imageSize: 8, patchSize: 4, pooling: 'mean' }),
    images(8),
  ],
  ['ResNet-20 (CIFAR)', () => new ResNet({ architecture: 'resnet-20-cifar', classes: 3 }), images(8)],
  [
    'ResNet, bottleneck',
    () =>
      new ResNet({ architecture: { block: 'bottleneck', stages: [1, 1], stem: 'imagenet', channels: 4 }, classes: 3 }),
    images(16),
  ],
  ['MobileNetV2', () => new MobileNetV2({ widthMultiplier: 0.1, classes: 3 }), images(32)],
];

describe('models', () => {
  it.each(models)('%s: logits, a gradient in every parameter, no leak', (_name, build, input) => {
    const model = build();
    const x = input();
    const labels = tensor([2, 0], [2], 'int32');
    tidy(() => void expect(model.call(x).shape).toEqual([2, 3]));
    const parameters = Object.fromEntries(
      [...model.namedParameters()].map(([name, parameter]) => [name, parameter.variable as Tensor]),
    );
    const step = () => valueAndGrad(() => crossEntropy(model.call(x), labels), parameters);
    expectNoLeak(() => {
      // In training a shift before batch normalisation has no gradient, so the gradients are looked at in evaluation.
      for (const training of [true, false]) {
        model.train(training);
        const { value, gradients } = step();
        const idle = Object.entries(gradients).filter(([, gradient]) =>
          gradient.dataSync().every((each) => each === 0),
        );
        if (!training) expect(idle.map(([name]) => name)).toEqual([]);
        for (const made of [value, ...Object.values(gradients)]) made.dispose();
      }
    });
    model.dispose();
    x.dispose();
    labels.dispose();
  });

  it('padding changes nothing in a text encoder', () => {
    const model = new TextEncoder({ width: 8, heads: 2, layers: 2, vocabularySize: 7 });
    tidy(() => {
      const short = model.call(tensor([3, 5], [1, 2], 'int32')).dataSync();
      const padded = model.call(tensor([3, 5, -1, -1], [1, 4], 'int32')).dataSync();
      for (const [i, value] of padded.entries()) expect(value).toBeCloseTo(short[i] as number, 9);
    });
    model.dispose();
  });

  it('pooling none gives a vector for each token', () => {
    const model = new TextEncoder({ width: 8, heads: 2, layers: 1, vocabularySize: 7, pooling: 'none' });
    const x = ids();
    tidy(() => void expect(model.call(x).shape).toEqual([2, 3, 8]));
    x.dispose();
    model.dispose();
  });

  it('too many tokens and sizes that do not fit are coded errors', () => {
    const model = new TextEncoder({ width: 8, heads: 2, layers: 1, vocabularySize: 7, maxTokens: 2 });
    const x = ids();
    expect(() => tidy(() => model.call(x))).toThrow(expect.objectContaining({ code: 'TOO_MANY_TOKENS' }));
    expect(() => new VisionTransformer({ ...small, imageSize: 9, patchSize: 4 })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
    expect(() => new SentenceEncoder().tokenize(['a'])).toThrow(expect.objectContaining({ code: 'TOKENIZER_MISSING' }));
    x.dispose();
    model.dispose();
  });

  it('a model without classes gives features', () => {
    const model = new MobileNetV2({ widthMultiplier: 0.1 }).eval();
    const x = images(32)();
    tidy(() => void expect(sum(model.call(x)).shape).toEqual([]));
    tidy(() => void expect(model.call(x).shape).toEqual([2, 1280]));
    x.dispose();
    model.dispose();
  });
});
