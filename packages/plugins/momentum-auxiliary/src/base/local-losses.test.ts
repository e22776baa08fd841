import { gradcheck } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { reconstructionLoss, supervisedContrastive } from './local-losses.ts';

function contrastive(features: number[][], labels: number[], temperature: number): number {
  const [z, y] = [tensor(features), tensor(labels, [labels.length], 'int32')];
  const loss = tidy(() => supervisedContrastive(z, y, temperature));
  const [value] = loss.dataSync();
  for (const each of [z, y, loss]) each.dispose();
  return value as number;
}

describe('the supervised contrastive loss', () => {
  it('is its formula, anchor by anchor', () => {
    const z = [
      [1, 0],
      [0.6, 0.8],
      [0, 1],
      [-0.8, 0.6],
    ];
    const [labels, temperature] = [[0, 0, 1, 1], 0.5];
    const score = (i: number, j: number) => Math.exp(z[i]!.reduce((sum, v, k) => sum + v * z[j]![k]!, 0) / temperature);
    const partner = [1, 0, 3, 2];
    const expected = partner.map((p, i) => {
      const others = [0, 1, 2, 3].filter((each) => each !== i);
      return -Math.log(score(i, p) / others.reduce((sum, each) => sum + score(i, each), 0));
    });
    expect(contrastive(z, labels, temperature)).toBeCloseTo(expected.reduce((a, b) => a + b) / 4, 12);
  });

  it('averages over the positives of an anchor, and leaves out anchors without any', () => {
    const z = [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ];
    const t = 1;
    const score = (i: number, j: number) => z[i]!.reduce((sum, v, k) => sum + v * z[j]![k]!, 0) / t;
    const term = (i: number, p: number) =>
      Math.log([0, 1, 2, 3].filter((each) => each !== i).reduce((sum, each) => sum + Math.exp(score(i, each)), 0)) -
      score(i, p);
    const three: [number, number[]][] = [
      [0, [1, 2]],
      [1, [0, 2]],
      [2, [0, 1]],
    ];
    const expected =
      three.reduce((sum, [i, positives]) => sum + positives.reduce((part, p) => part + term(i, p), 0) / 2, 0) / 3;
    expect(contrastive(z, [0, 0, 0, 1], t)).toBeCloseTo(expected, 12);
    expect(contrastive(z, [0, 1, 2, 3], t)).toBeCloseTo(0, 12);
  });

  it('has the gradient that central differences show, at the published temperature', () => {
    const z = tensor([
      [0.2, -0.1],
      [0.15, 0.1],
      [-0.1, 0.2],
      [0.05, 0.2],
    ]);
    const labels = tensor([0, 0, 1, 1], [4], 'int32');
    gradcheck((features: Tensor) => supervisedContrastive(features, labels, 0.07), [z]);
    for (const each of [z, labels]) each.dispose();
  });
});

describe('the reconstruction loss', () => {
  it('is the mean binary cross-entropy of pixels', () => {
    const [logits, image] = [tensor([0, 2, -1, 0.5]), tensor([0, 1, 0.5, 0.25])];
    const loss = tidy(() => reconstructionLoss(logits, image));
    const expected = [
      [0, 0],
      [2, 1],
      [-1, 0.5],
      [0.5, 0.25],
    ].map(([x, t]) => {
      const p = 1 / (1 + Math.exp(-(x as number)));
      return -((t as number) * Math.log(p) + (1 - (t as number)) * Math.log(1 - p));
    });
    expect(loss.dataSync()[0]).toBeCloseTo(expected.reduce((a, b) => a + b) / 4, 12);
    for (const each of [logits, image, loss]) each.dispose();
  });
});
