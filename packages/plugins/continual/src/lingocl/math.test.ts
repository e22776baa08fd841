import { valueAndGrad } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import { eye, mul, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { unitRows } from '../base/unit-rows.ts';
import { hashOf } from './hash.ts';
import { cosineLogits, unitVector } from './math.ts';

const features = () => tensor([0.3, -1.2, 0.7, 2, 0.1, -0.4], [2, 3]);
const rows = [unitVector([1, 2, -1]), unitVector([0, 1, 1]), unitVector([-1, 0.5, 0])];
const targets = () => tensor(rows);
const labels = () => tensor([2, 0], [2], 'int32');
const logitsOf = (f: Tensor, scale = 3) => cosineLogits(unitRows(f), targets(), [1, 1, 1], scale);
const numbers = (f: () => Tensor) => tidy(() => Array.from(f().dataSync()));

describe('cosine logits', () => {
  it('are the same of features seven times as large', () => {
    const [one, seven] = [numbers(() => logitsOf(features())), numbers(() => logitsOf(mul(features(), 7)))];
    for (const [i, value] of seven.entries()) expect(value).toBeCloseTo(one[i] as number, 12);
  });

  it('of orthonormal targets at scale 1 are the normalised features', () => {
    tidy(() => {
      const directions = unitRows(features());
      const logits = cosineLogits(directions, eye(3), [1, 1, 1], 1);
      expect(logits.arraySync()).toEqual(directions.arraySync());
      const loss = (z: Tensor) => crossEntropy(z, labels()).dataSync()[0] as number;
      expect(loss(logits)).toBe(loss(directions));
    });
  });

  it('have the gradient (s/‖f‖)(I − f̂f̂ᵀ) Σ_k (p_k − y_k) t_k of their cross-entropy', () => {
    tidy(() => {
      const scale = 3;
      const given = features();
      const { gradients } = valueAndGrad(() => crossEntropy(logitsOf(given, scale), labels()), { given });
      const probabilities = softmax(logitsOf(given, scale)).arraySync() as number[][];
      const expected = (given.arraySync() as number[][]).flatMap((f, sample) => {
        const norm = Math.hypot(...f);
        const pull = [0, 1, 2].map((i) =>
          rows.reduce((sum, row, k) => {
            const error = (probabilities[sample]?.[k] as number) - (k === [2, 0][sample] ? 1 : 0);
            return sum + error * (row[i] as number);
          }, 0),
        );
        const along = pull.reduce((sum, value, i) => sum + (value * (f[i] as number)) / norm, 0);
        // The loss is the mean of two samples.
        return pull.map((value, i) => ((scale / norm) * (value - (along * (f[i] as number)) / norm)) / 2);
      });
      for (const [i, value] of Array.from(gradients.given.dataSync()).entries()) {
        expect(value).toBeCloseTo(expected[i] as number, 12);
      }
    });
  });

  it('have the gradient of central differences, with one target a class and with several', () => {
    const given = features();
    gradcheck((f) => crossEntropy(logitsOf(f as Tensor), labels()), [given]);
    gradcheck((f) => cosineLogits(unitRows(f as Tensor), targets(), [2, 1], 3), [given]);
    given.dispose();
  });

  it('of several targets are their log-sum-exp, of one what it gives', () => {
    const each = numbers(() => logitsOf(features()));
    const both = numbers(() => cosineLogits(unitRows(features()), targets(), [1, 2], 3));
    for (const sample of [0, 1]) {
      const [a, b, c] = each.slice(3 * sample) as [number, number, number];
      expect(both[2 * sample]).toBeCloseTo(a, 12);
      expect(both[2 * sample + 1]).toBeCloseTo(Math.log(Math.exp(b) + Math.exp(c)), 12);
    }
  });
});

describe('the hash of frozen rows', () => {
  it('changes with any value and with the order', () => {
    const hashes = [
      [1, 2, 3],
      [1, 2, 3.0000002],
      [2, 1, 3],
      [1, 2],
      [-0, 2, 3],
      [0, 2, 3],
    ].map(hashOf);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashOf([1, 2, 3])).toBe(hashes[0]);
  });
});
