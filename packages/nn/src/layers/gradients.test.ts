import { type Module, manualSeed } from '@tapgrad/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { checkModule, randomTensor } from '../test-support.ts';
import {
  AvgPool2d,
  activation,
  BatchNorm2d,
  Conv2d,
  DepthwiseConv2d,
  Embedding,
  FeedForward,
  GlobalAveragePool,
  LayerNorm,
  Linear,
  MaxPool2d,
  MeanPool,
  MultiHeadAttention,
  RMSNorm,
  Sequential,
  Softmax,
  TransformerBlock,
} from './index.ts';

const image = () => randomTensor([2, 5, 4, 3]);
const tokens = () => randomTensor([2, 3, 4]);
const flags = () => tensor([1, 1, 0, 1, 1, 1], [2, 3], 'int32');
const additive = () => tensor([0, 0, -1e9, 0, 0, 0], [2, 1, 1, 3]);

const single: [string, () => Module, () => Tensor][] = [
  ['Linear', () => new Linear(4, 3), tokens],
  ['Linear without bias', () => new Linear(4, 3, { bias: false }), tokens],
  ['Embedding', () => new Embedding(5, 3), () => tensor([0, 4, 2, 2], [2, 2], 'int32')],
  ['LayerNorm', () => new LayerNorm(4), tokens],
  ['LayerNorm without affine', () => new LayerNorm(4, { affine: false }), tokens],
  ['RMSNorm', () => new RMSNorm(4), tokens],
  ['BatchNorm2d in training', () => new BatchNorm2d(3), image],
  ['BatchNorm2d in evaluation', () => new BatchNorm2d(3).eval(), image],
  ['BatchNorm2d with frozen statistics', () => new BatchNorm2d(3, { frozenStatistics: true }), image],
  ['Conv2d', () => new Conv2d(3, 2, 3, { padding: 1, stride: 2 }), image],
  ['Conv2d, same padding, oblong kernel', () => new Conv2d(3, 2, [3, 2], { padding: 'same' }), image],
  ['Conv2d, one-sided padding', () => new Conv2d(3, 2, [3, 1], { padding: [1, 0], bias: false }), image],
  ['DepthwiseConv2d', () => new DepthwiseConv2d(3, 3, { padding: 1, stride: 2 }), image],
  ['DepthwiseConv2d with multiplier', () => new DepthwiseConv2d(3, 2, { multiplier: 2 }), image],
  ['MaxPool2d', () => new MaxPool2d(3, { stride: 2, padding: 1 }), image],
  ['AvgPool2d', () => new AvgPool2d(2), image],
  ['GlobalAveragePool', () => new GlobalAveragePool(), image],
  ['FeedForward', () => new FeedForward({ width: 4, hidden: 6 }), tokens],
  ['Sequential', () => new Sequential(new Linear(4, 3), activation('tanh'), new Linear(3, 2)), tokens],
  ['Softmax', () => new Softmax(), tokens],
  [
    'MultiHeadAttention, separate, causal',
    () => new MultiHeadAttention({ width: 4, heads: 2, projections: 'separate', causal: true }),
    tokens,
  ],
  [
    'TransformerBlock, RMS',
    () => new TransformerBlock({ width: 4, heads: 2, normKind: 'rms', activation: 'silu' }),
    tokens,
  ],
];
const activations = [
  'relu',
  'relu6',
  'leaky-relu',
  'elu',
  'gelu',
  'gelu-tanh',
  'silu',
  'hard-swish',
  'hard-sigmoid',
  'tanh',
  'sigmoid',
  'softplus',
  'identity',
] as const;

describe('gradients agree with central differences', () => {
  it.each(single)('%s', (_name, build, input) => {
    manualSeed(1);
    checkModule({ module: build(), inputs: [input()] });
  });

  it.each(activations)('activation %s', (name) => {
    checkModule({ module: activation(name), inputs: [tokens()] });
  });

  it('MultiHeadAttention with a padding mask', () => {
    checkModule({ module: new MultiHeadAttention({ width: 4, heads: 2 }), inputs: [tokens(), additive()] });
  });

  it('MultiHeadAttention over a memory of another width', () => {
    const module = new MultiHeadAttention({ width: 4, heads: 2, projections: 'separate', memoryWidth: 3 });
    checkModule({ module, inputs: [tokens(), undefined, randomTensor([2, 5, 3])] });
  });

  it('MultiHeadAttention over a memory with a fused projection', () => {
    checkModule({
      module: new MultiHeadAttention({ width: 4, heads: 1 }),
      inputs: [tokens(), undefined, randomTensor([2, 2, 4])],
    });
  });

  it('TransformerBlock, pre-norm with a shortcut, and post-norm', () => {
    const pre = new TransformerBlock({ width: 6, inputWidth: 4, heads: 2, hidden: 5 });
    checkModule({ module: pre, inputs: [tokens(), additive()] });
    const post = new TransformerBlock({ width: 4, heads: 2, hidden: 5, norm: 'post', activation: 'relu' });
    checkModule({ module: post, inputs: [tokens(), additive()] });
  });

  it('MeanPool with and without mask', () => {
    checkModule({ module: new MeanPool(), inputs: [tokens(), flags()] });
    checkModule({ module: new MeanPool(), inputs: [tokens()] });
  });

  it('BatchNorm2d in second order', () => {
    checkModule({ module: new BatchNorm2d(2), inputs: [randomTensor([1, 2, 2, 2])], secondOrder: true });
    checkModule({ module: new BatchNorm2d(2).eval(), inputs: [randomTensor([1, 2, 1, 2])], secondOrder: true });
  });
});
