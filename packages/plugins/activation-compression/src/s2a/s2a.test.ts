import { attach, type Plugin, type Stack, type TapgradError } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { s2a } from './index.ts';
import type { S2aOptions } from './options.ts';
import { disposeBatch, imageBatch, textBatch, tinyConvolutions, tinyText, tinyViT } from './test-models.ts';

const host = (value: Tensor) => Array.from(value.dataSync());
const names = (plugins: readonly Plugin[]) => plugins.map(({ declaration }) => declaration.name);
const residual: S2aOptions = { blocks: 'layer*.*', structures: ['bias', 'side'], side: { reduction: 2 } };

const cases = [
  ['a vision transformer', tinyViT, imageBatch, {}],
  ['a text transformer', tinyText, textBatch, {}],
  ['a residual network', tinyConvolutions, imageBatch, residual],
] as const;

describe('S2A', () => {
  it('is the plugins that its options ask for', () => {
    const codes = ['derivative-codes', 'groupwise-codes'];
    expect(names(s2a())).toEqual(['bias-tuning', 'deep-prompts', 'side-path', ...codes]);
    expect(names(s2a({ structures: ['bias'], bits: 2 }))).toEqual(['bias-tuning', ...codes]);
    expect(names(s2a({ structures: ['side'], bits: false }))).toEqual(['bias-tuning', 'side-path']);
  });

  it.each(cases)('trains %s with weights that stay, and leaves nothing behind', async (_, make, batchOf, options) => {
    const model = make();
    const batch = batchOf();
    const before = new Map([...model.state()].map(([name, each]) => [name, host(each)]));
    const held = memory();
    const optimizer = adamw({ learningRate: 1e-2 });
    const stack: Stack<Tensor> = attach<Tensor>(model as never, [s2a(options)], { loss: crossEntropy, optimizer });
    const losses: number[] = [];
    for (let i = 0; i < 4; i++) losses.push(await (await stack.step(batch)).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    stack.detach();
    optimizer.dispose();
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([held.numTensors, held.numDataBuffers]);
    const moved = [...model.state()].filter(([name, each]) =>
      host(each).some((value, i) => value !== before.get(name)![i]),
    );
    expect(moved.length).toBeGreaterThan(4);
    expect(moved.every(([name]) => /bias$|^(head|fc)\./.test(name))).toBe(true);
    model.dispose();
    disposeBatch(batch);
  });

  it.each(cases)('does not touch the forward of %s with its codes', (_, make, batchOf, options) => {
    const batch = batchOf();
    const losses = [4, 2, false].map((bits) => {
      const model = make();
      const stack = attach<Tensor>(model as never, [s2a({ ...options, bits: bits as 4 })], { loss: crossEntropy });
      const made = stack.gradientsOf(batch);
      const [loss] = host(made.terms.task!);
      made.dispose();
      stack.detach();
      model.dispose();
      return loss;
    });
    expect(losses[1]).toBe(losses[0]);
    expect(losses[2]).toBe(losses[0]);
    disposeBatch(batch);
  });

  it('names wrong options', () => {
    const code = (options: unknown) => {
      try {
        s2a(options as S2aOptions);
      } catch (thrown) {
        return [(thrown as TapgradError).code, (thrown as TapgradError).plugin];
      }
      return undefined;
    };
    expect(code({ structures: ['biases'] })).toEqual(['PLUGIN_OPTIONS', 's2a']);
    expect(code({ bits: 3 })).toEqual(['PLUGIN_OPTIONS', 's2a']);
    expect(code({ side: { reduction: 0 } })).toEqual(['PLUGIN_OPTIONS', 's2a']);
  });
});
