import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { storedLogitsError } from './math.ts';

const t = [
  [2, 0, -1],
  [0.5, 1.5, 0],
];
const s = [
  [1, 0.5, 0],
  [0, 1, 1],
];

function measured(logits: number[][], stored: number[][], mask?: number[][]): number | undefined {
  const value = tidy(() => storedLogitsError(tensor2d(logits), tensor2d(stored), mask && tensor2d(mask)));
  const [number] = value.dataSync();
  value.dispose();
  return number;
}

describe('the distance to stored logits', () => {
  it('is the mean over all elements', () => {
    expect(measured(s, t)).toBe(0.625);
  });

  it('compares the columns that there were when they were stored', () => {
    const grown = s.map((row) => [...row, 100, -100]);
    expect(measured(grown, t)).toBe(0.625);
  });

  it('passes over what a mask leaves out', () => {
    const stored = [
      [2, 0, 999],
      [0.5, 1.5, 0],
    ];
    const mask = [
      [1, 1, 0],
      [1, 1, 1],
    ];
    expect(measured(s, stored, mask)).toBe((1 + 0.25 + 0.25 + 0.25 + 1) / 5);
  });
});
