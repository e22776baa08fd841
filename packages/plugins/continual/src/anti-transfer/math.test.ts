import { randomStream } from '@tapgrad/core';
import { gather, mul, relu, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Aggregation, type AntiTransferDistance, similarity, sliceLength, slicePlaces } from './math.ts';

const distance = 'cos-squared';
const all = ['gram', 'mean', 'sum', 'max', 'product', 'pairwise', 'stochastic-pairwise', 'none'] as const;
const distances = ['cos-squared', 'minus-sigmoid-mse'] as const;

/** Maps `[2, 3, 2, 4]` as behind ReLU. */
function maps(seed: number): Tensor {
  return tidy(() => relu(tensor(randomStream(seed).normal(48, 0.5), [2, 3, 2, 4])));
}

function likeness(own: Tensor, other: Tensor, aggregation: Aggregation, by: AntiTransferDistance = distance): number {
  return tidy(() => similarity(own, other, { aggregation, distance: by, start: 1 }).dataSync()[0] ?? Number.NaN);
}

describe('likeness of features', () => {
  it('is that of the check for Gram matrices', () => {
    tidy(() => {
      // Two channels of two positions; tfjs has channels last.
      const own = tensor([1, 0, 0, 1], [1, 1, 2, 2]);
      const other = tensor([1, 0, 1, 1], [1, 1, 2, 2]);
      expect(likeness(own, other, 'gram')).toBeCloseTo(0.641228, 6);
      expect(likeness(own, other, 'gram')).toBeCloseTo(((2 / Math.sqrt(5) + 1 / Math.SQRT2) / 2) ** 2, 12);
    });
  });

  it.each(['gram', 'mean', 'sum', 'max', 'product', 'none'] as const)('is 1 for equal features: %s', (aggregation) => {
    tidy(() => {
      const features = relu(tensor(randomStream(4).uniform(48, 0.1, 1), [2, 3, 2, 4]));
      expect(likeness(features, features, aggregation)).toBeCloseTo(1, 12);
    });
  });

  it('is the same for Gram matrices if one network’s features are all larger', () => {
    tidy(() => {
      expect(likeness(mul(maps(1), 7), maps(2), 'gram')).toBeCloseTo(likeness(maps(1), maps(2), 'gram'), 12);
    });
  });

  it.each(distances)('does not ask for the order of channels, but for gram and none: %s', (by) => {
    tidy(() => {
      const [own, other] = [maps(1), maps(2)];
      const permuted = gather(own, [2, 0, 3, 1], 3);
      for (const aggregation of ['mean', 'sum', 'max', 'product', 'pairwise'] as const) {
        expect(likeness(permuted, other, aggregation, by)).toBeCloseTo(likeness(own, other, aggregation, by), 12);
      }
      // Gram matrices, divided by 1e-3, drive the sigmoid of their squared differences to 1.
      for (const aggregation of by === distance ? (['gram', 'none'] as const) : (['none'] as const)) {
        const difference = likeness(permuted, other, aggregation, by) - likeness(own, other, aggregation, by);
        expect(Math.abs(difference)).toBeGreaterThan(1e-6);
      }
    });
  });

  it.each(all)('lies between 0 and 1 by cosines, between −1 and −1/2 by errors: %s', (aggregation) => {
    tidy(() => {
      for (const seed of [1, 2, 3]) {
        const cosines = likeness(maps(seed), maps(seed + 10), aggregation);
        expect(cosines).toBeGreaterThanOrEqual(0);
        expect(cosines).toBeLessThanOrEqual(1 + 1e-12);
        const errors = likeness(maps(seed), maps(seed + 10), aggregation, 'minus-sigmoid-mse');
        expect(errors).toBeGreaterThanOrEqual(-1);
        expect(errors).toBeLessThanOrEqual(-0.5);
      }
    });
  });

  it('of pairs is the mean over all channels of one with all of the other, by hand', () => {
    tidy(() => {
      const own = tensor([1, 0, 2, 1], [1, 2, 2]);
      const other = tensor([1, 1, 0, 1], [1, 2, 2]);
      // Channels: own (1, 2), (0, 1); other (1, 0), (1, 1).
      const cosines = [1 / Math.sqrt(5), 3 / Math.sqrt(10), 0, 1 / Math.SQRT2];
      const mean = cosines.reduce((sum, value) => sum + value, 0) / 4;
      expect(likeness(own, other, 'pairwise')).toBeCloseTo(mean ** 2, 12);
      const errors = [(0 + 4) / 2, (0 + 1) / 2, (1 + 1) / 2, (1 + 0) / 2].reduce((sum, value) => sum + value, 0) / 4;
      const sigmoid = 1 / (1 + Math.exp(-errors));
      expect(likeness(own, other, 'pairwise', 'minus-sigmoid-mse')).toBeCloseTo(-sigmoid, 12);
    });
  });

  it('takes slices of C / B channels that lie in the features', () => {
    tidy(() => {
      expect([sliceLength(maps(1)), slicePlaces(maps(1))]).toEqual([2, 3]);
      const vectors = tensor([1, 2, 3, 4], [2, 2]);
      expect([sliceLength(vectors), slicePlaces(vectors)]).toEqual([1, 1]);
    });
  });

  it('is finite where features are zero or negative', () => {
    tidy(() => {
      const own = tensor([0, -1, 0, 0, -2, 0, 0, 0], [2, 2, 2]);
      for (const aggregation of all) expect(Number.isFinite(likeness(own, own, aggregation))).toBe(true);
    });
  });
});
