import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { progressOf, rampAt } from '../base/schedule.ts';
import { momentumUpdate } from './math.ts';

function after(steps: number, momentum: number, start: number, source: number): number {
  const live = tensor([source]);
  let average: Tensor = tensor([start]);
  for (let i = 0; i < steps; i++) {
    const next = momentumUpdate(average, live, momentum);
    average.dispose();
    average = next;
  }
  const [value] = average.dataSync();
  average.dispose();
  live.dispose();
  return value as number;
}

describe('the moving average', () => {
  it('reaches the golden value: m = 0.995, 200 updates from 0 towards 1', () => {
    expect(after(200, 0.995, 0, 1)).toBeCloseTo(0.633042, 6);
  });

  it('is mⁿ θ₀ + (1 − mⁿ) θ_source after n steps', () => {
    const [m, start, source] = [0.9, -2, 3];
    for (const n of [0, 1, 7])
      expect(after(n, m, start, source)).toBeCloseTo(m ** n * start + (1 - m ** n) * source, 12);
  });

  it('stands still with m = 1, and is its source with m = 0', () => {
    expect(after(5, 1, 2, 9)).toBe(2);
    expect(after(1, 0, 2, 9)).toBe(9);
  });
});

describe('the schedule of λ', () => {
  it('goes from its first value to its last over the K − 1 cuts', () => {
    const parts = 5;
    expect([0, 1, 2, 3].map((cut) => rampAt([5, 0], progressOf(cut, parts)))).toEqual([
      5,
      5 * (1 - 1 / 3),
      5 * (1 - 2 / 3),
      0,
    ]);
    expect(rampAt(0.5, progressOf(2, parts))).toBe(0.5);
  });

  it('is the first value for K = 2, and never goes beyond the last', () => {
    expect(progressOf(0, 2)).toBe(0);
    expect(progressOf(3, 3)).toBe(1);
  });
});
