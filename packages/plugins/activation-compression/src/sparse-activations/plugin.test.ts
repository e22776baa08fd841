import { linear, type SaveRequest, type SlotPlan, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { groupwiseCodes, sparseActivations } from '../index.ts';
import { packSparse, unpackSparse } from '../kernels/sparse.ts';
import {
  attached,
  disposeBatch,
  gradientsOf,
  images,
  normal,
  relativeDistance,
  savedBy,
  tinyVit,
} from '../test-models.ts';
import { keptOf, sparseBytes } from './math.ts';
import { sparseStage } from './stage.ts';

/** A linear layer behind a linear layer: the input of the second is an activation. */
const layers = { smallest: 1, where: 'layers.*.mlp.up' } as const;
// Four images, 17 tokens, width 16, two blocks.
const [samples, width] = [4, 17 * 16];
const up = (name: string) => /mlp\.up\.weight$/.test(name);

describe('sizes', () => {
  it('are rounded up, and at least one element a sample', () => {
    expect([keptOf(1000, 0.1), keptOf(15, 0.1), keptOf(3, 0.01), keptOf(8, 1)]).toEqual([100, 2, 1, 8]);
  });

  it('of a tenth are 7.6 times smaller, with 8 bits for what is kept 17.8 times', () => {
    const [n, samplesOfMany] = [100_000, 8];
    expect((4 * n * samplesOfMany) / sparseBytes(samplesOfMany, n, 0.1)).toBeCloseTo(7.62, 2);
    expect((4 * n) / (n / 8 + n / 10)).toBeCloseTo(17.78, 2);
  });
});

describe('sparse activations', () => {
  it('keep a bit an element and a tenth of the elements of each sample', () => {
    const options = { filter: up, derivedSlots: false };
    const [plain, sparse] = [savedBy([], options), savedBy([sparseActivations(layers)], options)];
    expect(plain.bytes - sparse.bytes).toBe(2 * (4 * samples * width - sparseBytes(samples, width, 0.1)));
  });

  it('take less again with codes behind them, and the mask stays as it is', () => {
    const options = { filter: up, derivedSlots: false };
    const codes = groupwiseCodes({ bits: 8, smallest: 1, kernels: ['tapgrad.Linear'] });
    const kept = samples * keptOf(width, 0.1);
    const [sparse, coded] = [[sparseActivations(layers)], [codes, sparseActivations(layers)]].map((plugins) =>
      savedBy(plugins, options),
    );
    const saving = 4 * kept - 4 * Math.ceil(kept / 4) - 4 * Math.ceil(kept / 256);
    expect((sparse?.bytes ?? 0) - (coded?.bytes ?? 0)).toBe(2 * saving);
  });

  it('give the weight the gradient of the thinned out input, and the input its own', () => {
    tf.tidy(() => {
      const [x, v, w] = [normal([3, 8], 'x'), normal([8, 8], 'v'), normal([8, 2], 'w')];
      const hidden = tf.matMul(x as tf.Tensor2D, v as tf.Tensor2D);
      const plan = (slot: SlotPlan, { kernel, operand }: SaveRequest) =>
        kernel === 'tapgrad.Linear' && operand === 'x' ? slot.through(sparseStage(0.5, [3, 8])) : slot;
      const f = () => tf.sum(tf.square(linear(tf.mul(hidden, 1), w)));
      const { gradients } = valueAndGrad(f, [hidden, w], { plan });
      const exact = valueAndGrad(f, [hidden, w]).gradients;
      expect([...(gradients[0] as tf.Tensor).dataSync()]).toEqual([...(exact[0] as tf.Tensor).dataSync()]);
      const thinned = unpackSparse(packSparse(hidden, 4), [3, 8]) as tf.Tensor2D;
      const dy = tf.mul(2, tf.matMul(hidden, w as tf.Tensor2D)) as tf.Tensor2D;
      const expected = tf.matMul(thinned, dy, true, false).dataSync();
      for (const [i, value] of (gradients[1] as tf.Tensor).dataSync().entries())
        expect(value).toBeCloseTo(expected[i] as number, 8);
    });
  });

  it.each([
    [1, 1e-12],
    [0.5, 0.5],
    [0.1, 0.95],
  ])('keeping %f are off by less than %f of the gradient’s norm, and forward by nothing', async (keep, bound) => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const exact = gradientsOf(plain, batch);
    plain.detach();
    const stack = attached(model, [sparseActivations({ keep, smallest: 1 })]);
    expect(relativeDistance(gradientsOf(stack, batch), exact)).toBeLessThan(bound);
    expect(stack.explain()).toContain('lossy: gradients of weights miss');
    stack.setEnabled('sparse-activations', false);
    expect(gradientsOf(stack, batch)).toEqual(exact);
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('refuse options that make no sense', () => {
    for (const options of [{ keep: 0 }, { keep: 1.5 }, { kernels: [] }]) {
      expect(() => sparseActivations(options)).toThrow(expect.objectContaining({ code: 'PLUGIN_OPTIONS' }));
    }
  });
});
