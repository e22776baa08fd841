import { attach, randomStream } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { elementsUnder, recordedStep } from '../recorded-step.ts';
import { biasTuning } from './bias-tuning.ts';
import { blockElements } from './math.ts';
import { SideBranch } from './side-branch.ts';
import { sidePath } from './side-path.ts';
import {
  disposeBatch,
  imageBatch,
  type TestBatch,
  textBatch,
  tinyConvolutions,
  tinyText,
  tinyViT,
} from './test-models.ts';

const host = (value: Tensor) => Array.from(value.dataSync());
const options = { reduction: 4, pool: 2, activation: 'gelu', blocks: '' } as const;

describe('a side branch', () => {
  it('has the gradients that central differences show, for tokens and for maps of odd size and another resolution', () => {
    for (const [input, like] of [
      [
        [2, 3, 8],
        [2, 3, 4],
      ],
      [
        [1, 5, 3, 8],
        [1, 5, 3, 4],
      ],
      [
        [1, 5, 4, 8],
        [1, 3, 2, 4],
      ],
    ] as const) {
      const branch = new SideBranch([8, 4], { ...options, widths: undefined }, randomStream(3, 'branch'));
      const random = randomStream(4, 'values');
      const target = zeros([...like]);
      const values = [[...input], [8, 2], [2, 4]].map((shape) =>
        tensor(random.normal(shape.reduce((product, length) => product * length, 1)), shape),
      );
      gradcheck((...[x, down, up]) => {
        branch.down.weight.onRead = () => down!;
        branch.up.weight.onRead = () => up!;
        return branch.forward(x!, target);
      }, values);
      for (const each of [target, ...values]) each.dispose();
      branch.dispose();
    }
  });
});

describe('side paths', () => {
  const cases = [
    ['a vision transformer', tinyViT, imageBatch, 'layers.*'],
    ['a text transformer', tinyText, textBatch, 'layers.*'],
    ['a residual network', tinyConvolutions, imageBatch, 'layer*.*'],
  ] as const;

  it.each(cases)(
    'of %s add nothing at first, train, and are gone after detaching',
    async (_, make, batchOf, blocks) => {
      const model = make();
      const batch: TestBatch = batchOf();
      model.eval();
      const before = model.call(batch.inputs);
      const stack = attach(
        model as never,
        [biasTuning({ biases: false }), sidePath({ blocks, reduction: 2, activation: 'gelu' })],
        { loss: crossEntropy as never },
      );
      const during = stack.predict(batch.inputs) as Tensor;
      expect(host(during)).toEqual(host(before));
      const made = stack.gradientsOf(batch);
      const moved = [...made.gradients].filter(([, gradient]) => host(gradient).some((each) => each !== 0));
      const names = moved.map(([name]) => name);
      expect(names).toContain('side-path/side-0.up.weight');
      expect(names).toContain('side-path/side-1.up.bias');
      expect(names.every((name) => /^(side-path|head|fc)/.test(name))).toBe(true);
      made.dispose();
      stack.detach();
      const after = model.call(batch.inputs);
      expect(host(after)).toEqual(host(before));
      for (const each of [before, during, after]) each.dispose();
      model.dispose();
      disposeBatch(batch);
    },
  );

  it('beside tokens keep their narrow values alone: the block’s norm keeps its input already', () => {
    const model = tinyViT();
    const batch = imageBatch(3);
    const shape = { tokens: 5, width: 16, heads: 2 };
    const recorded = recordedStep(model, [biasTuning(), sidePath({ reduction: 4 })], batch);
    const kept = elementsUnder(recorded, 'layers.1') + elementsUnder(recorded, 'side-path/side-1');
    expect(kept / 3).toBe(blockElements(shape, 'bias') + 4 * 5 + (5 * 16) / 4);
    model.dispose();
    disposeBatch(batch);
  });

  it('beside maps keep a quarter of the input, and their narrow values at a quarter of the resolution', () => {
    const model = tinyConvolutions();
    const batch = imageBatch(1);
    const recorded = recordedStep(model, [biasTuning(), sidePath({ blocks: 'layer*.*', reduction: 2 })], batch);
    // layer2.1: 4 x 4 maps of 8 channels.
    expect(elementsUnder(recorded, 'side-path/side-3')).toBe((4 * 4 * 8) / 4 + (4 * 4 * 8) / 4 / 2);
    model.dispose();
    disposeBatch(batch);
  });

  it('refuse blocks whose widths nothing tells', () => {
    const model = tinyViT();
    const norms = () => attach(model, [sidePath({ blocks: '**.norm1' })], { loss: crossEntropy as never });
    expect(norms).toThrow('S2A_WIDTH');
    attach(model, [sidePath({ blocks: '**.norm1', widths: [16, 16] })], { loss: crossEntropy as never }).detach();
    model.dispose();
  });
});
