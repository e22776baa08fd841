import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Plugin } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { describe, expect, it } from 'vitest';
import { momentumAuxiliary } from '../index.ts';
import { disposeBatch, imageBatch, tinyResNet } from '../test-models.ts';
import type { MomentumAuxiliaryOptions } from './options.ts';

await useWasm();

/** Most bytes that the tape held at one time in a step, and most bytes in all beside parameters and what goes with them. */
async function peaksOf(stages: readonly number[], plugins: readonly Plugin[]): Promise<{ saved: number; all: number }> {
  const model = tinyResNet(stages, 8);
  const batch = imageBatch(0, 32);
  const optimizer = adamw({ learningRate: 1e-3 });
  const stack = attach(model, plugins, { loss: crossEntropy, optimizer });
  // The optimizer's state is there from the second step on.
  await (await stack.step(batch)).loss;
  stack.ledger.resetPeak();
  stack.ledger.recordTimeline(Number.POSITIVE_INFINITY);
  await (await stack.step(batch)).loss;
  const saved = Math.max(...stack.ledger.samples().map(({ categories }) => categories.saved));
  const { bytes, categories } = stack.ledger.peak();
  const all = bytes - categories.parameters - categories.optimizer - categories.gradients;
  stack.detach();
  optimizer.dispose();
  model.dispose();
  disposeBatch(batch);
  return { saved, all };
}

const withParts = (parts: number, options: MomentumAuxiliaryOptions = {}) =>
  peaksOf([8], [momentumAuxiliary({ parts, reconstruction: 5, recompute: false, ...options })]);

describe('what MAN keeps for backward', () => {
  it('is one part with its auxiliaries: as many blocks less as the parts have less', async () => {
    const whole = await peaksOf([8], []);
    const block = (whole.saved - (await peaksOf([4], [])).saved) / 4;
    const [two, four, eight] = [await withParts(2), await withParts(4), await withParts(8)];
    expect(two.saved - four.saved).toBe(2 * block);
    expect(four.saved - eight.saved).toBe(block);
    // All parts of a stage have the same auxiliaries; the first has the stem too.
    const auxiliaries = eight.saved - block;
    for (const [parts, made] of [
      [2, two],
      [4, four],
      [8, eight],
    ] as const) {
      expect(made.saved).toBeLessThanOrEqual(whole.saved / parts + auxiliaries);
    }
    expect(eight.all).toBeLessThan(four.all);
    expect(four.all).toBeLessThan(two.all);
  });

  it('is less where auxiliary networks run again in backward', async () => {
    const [kept, again] = [await withParts(8), await withParts(8, { recompute: true, upsample: 'last' })];
    expect(again.saved).toBeLessThan(0.6 * kept.saved);
    expect(again.all).toBeLessThan(0.8 * kept.all);
  });

  it('of two stages is that of the larger part', async () => {
    const one = await peaksOf([3, 3], [momentumAuxiliary({ cuts: ['layer2.0'] })]);
    const first = await peaksOf([3, 1], [momentumAuxiliary({ cuts: ['layer2.0'] })]);
    expect(one.saved).toBe(first.saved);
  });
});
