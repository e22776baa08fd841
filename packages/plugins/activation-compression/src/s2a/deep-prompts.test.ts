import { attach, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { elementsUnder, recordedStep } from '../recorded-step.ts';
import { biasTuning } from './bias-tuning.ts';
import { deepPrompts } from './deep-prompts.ts';
import { blockElements } from './math.ts';
import { sidePath } from './side-path.ts';
import { disposeBatch, imageBatch, textBatch, tinyConvolutions, tinyText, tinyViT } from './test-models.ts';

const host = (value: Tensor) => Array.from(value.dataSync());

describe('deep prompts', () => {
  it('begin uniform in ±√(6 / (3 p² + d)), m of width d in each block', () => {
    const model = tinyViT();
    const stack = attach(model, [deepPrompts({ count: 50 })], { loss: crossEntropy as never });
    const bound = Math.sqrt(6 / (3 * 4 * 4 + 16));
    for (const layer of [0, 1]) {
      const prompts = stack.namedParameters().get(`deep-prompts/${layer}`)!;
      expect(prompts.shape).toEqual([50, 16]);
      const largest = Math.max(...host(prompts.variable).map(Math.abs));
      expect(largest).toBeLessThan(bound);
      expect(largest).toBeGreaterThan(0.98 * bound);
    }
    stack.detach();
    model.dispose();
  });

  it('all get a gradient, beside side paths too, and the model is as before when they are gone', () => {
    for (const [make, batchOf] of [
      [tinyViT, imageBatch],
      [tinyText, textBatch],
    ] as const) {
      const model = make().eval();
      const batch = batchOf();
      const before = model.call(batch.inputs);
      const plugins = [biasTuning(), sidePath({ activation: 'gelu' }), deepPrompts({ count: 2 })];
      const stack: Stack<Tensor> = attach<Tensor>(model, plugins, { loss: crossEntropy });
      // The side path needs tokens as they are inserted, so it runs behind.
      expect(stack.plugins).toEqual(['bias-tuning', 'deep-prompts', 'side-path']);
      const made = stack.gradientsOf(batch);
      for (const name of [
        'deep-prompts/0',
        'deep-prompts/1',
        'side-path/side-0.up.weight',
        'side-path/side-1.up.weight',
      ]) {
        expect(host(made.gradients.get(name)!).every((each) => each !== 0)).toBe(true);
      }
      made.dispose();
      stack.detach();
      const after = model.call(batch.inputs);
      expect(host(after)).toEqual(host(before));
      for (const each of [before, after]) each.dispose();
      model.dispose();
      disposeBatch(batch);
    }
  });

  it('cost a block what so many tokens more cost; a side path keeps its narrow values alone', () => {
    const model = tinyViT();
    const batch = imageBatch(3);
    const shape = { tokens: 5 + 2, width: 16, heads: 2 };
    const plugins = [biasTuning(), deepPrompts({ count: 2 }), sidePath({ reduction: 4 })];
    const recorded = recordedStep(model, plugins, batch);
    expect(elementsUnder(recorded, 'layers.1') / 3).toBe(blockElements(shape, 'bias') + 4 * 7);
    expect(elementsUnder(recorded, 'side-path/side-1') / 3).toBe((7 * 16) / 4);
    model.dispose();
    disposeBatch(batch);
  });

  it('are refused on blocks of maps', () => {
    const model = tinyConvolutions();
    const attached = () => attach(model, [deepPrompts({ blocks: 'layer*.*' })], { loss: crossEntropy as never });
    expect(attached).toThrow('S2A_PROMPTS');
    model.dispose();
  });
});
