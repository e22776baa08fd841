import { tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { clipped, consolidated, pathIntegral } from './math.ts';

const numbers = { xi: 0.1, nonNegative: false };

it('two steps of descent give ω and Ω of the check', () => {
  tidy(() => {
    const rate = 0.1;
    const start = [0, 0];
    let theta = start;
    let omega: ReturnType<typeof tensor> | undefined;
    for (const gradient of [
      [1, -2],
      [0.5, -1],
    ]) {
      const next = theta.map((value, i) => value - rate * (gradient[i] ?? 0));
      omega = pathIntegral(omega, tensor(gradient), tensor(theta), tensor(next));
      theta = next;
    }
    const values = Array.from(omega?.dataSync() ?? []);
    expect(values[0]).toBeCloseTo(0.125, 12);
    expect(values[1]).toBeCloseTo(0.5, 12);
    const importance = consolidated(undefined, omega as never, tensor(theta), tensor(start), numbers);
    const [first, second] = Array.from(importance.dataSync());
    expect(first).toBeCloseTo(1.0204081633, 9);
    expect(second).toBeCloseTo(2.6315789474, 9);
  });
});

it('importances add up, and moves that raised the loss may be left out', () => {
  tidy(() => {
    const [omega, zero] = [tensor([0.2, -0.2]), tensor([0, 0])];
    const before = tensor([1, 1]);
    const sum = (nonNegative: boolean) =>
      Array.from(consolidated(before, omega, zero, zero, { xi: 0.1, nonNegative }).dataSync());
    expect(sum(false)).toEqual([3, -1]);
    expect(sum(true)).toEqual([3, 1]);
  });
});

it('clips values, not norms', () => {
  tidy(() => {
    expect(Array.from(clipped(tensor([-3, 0.5, 2])).dataSync())).toEqual([-1, 0.5, 1]);
  });
});
