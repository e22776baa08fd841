import { type Module, measureMemory, randomStream } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-support.ts';
import { InvertedResidual } from './mobilenet/index.ts';
import { BasicBlock, Bottleneck, ResNet } from './resnet/index.ts';

const random = randomStream(1, 'block');
const shape = [2, 16, 16, 8];
const residual = { inChannels: 8, stride: 1, shortcut: 'projection', random } as const;
const inverted = { padding: 1, epsilon: 1e-5, stride: 1, expansion: 4, inChannels: 8, outChannels: 8, random } as const;

/** The most that a forward without a tape holds at one time beside its input, in units of that input. */
function peakOf(module: Module<[Tensor], Tensor>, x: Tensor): number {
  // Parameters are made when they are first read.
  module.call(x).dispose();
  const { value, peak } = measureMemory((ledger) => {
    ledger.claim(x, 'batch');
    const before = ledger.now().bytes;
    return { output: module.call(x), before };
  });
  value.output.dispose();
  return peak.bytes / value.before - 1;
}

describe('without a tape', () => {
  // Beside these, what is as small as the parameters. In training the cpu backend makes one value more for the variance.
  it.each<[string, Module, evaluation: number, training: number]>([
    ['a basic block holds one value and the next', new BasicBlock({ ...residual, channels: 8 }), 2, 3],
    ['a narrow bottleneck does', new Bottleneck({ ...residual, channels: 2 }), 2, 3],
    [
      'one that gets wider holds both sides of its sum, and the sum',
      new Bottleneck({ ...residual, channels: 8 }),
      12,
      16,
    ],
    ['an inverted residual holds three of its wide values', new InvertedResidual(inverted), 12, 16],
    [
      'a residual network holds a block’s input, and what the block holds',
      new ResNet({
        architecture: { block: 'basic', stages: [2, 2, 2], stem: 'cifar', channels: 8 },
        inChannels: 8,
        random,
      }),
      3,
      4,
    ],
  ])('%s', (_, module, evaluation, training) => {
    const x = randomTensor(shape);
    expect(peakOf(module.train(false), x)).toBeCloseTo(evaluation, 1);
    expect(peakOf(module.train(true), x)).toBeCloseTo(training, 1);
    x.dispose();
    module.dispose();
  });
});
