import { useWasm } from '@tapgrad/backend-wasm';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { guidedPool, interact } from './math.ts';

beforeAll(() => useWasm());

const numbers = (f: () => Tensor) => Array.from(tidy(() => f().dataSync()));

it('the tiny examples of UniPT are as on paper in float32 on wasm', () => {
  const compared = numbers(() =>
    interact(tensor([1, 0, 0, 1], [1, 2, 2]), tensor([2, 0, 1, 1], [1, 2, 2]), undefined, 1e-8),
  );
  for (const [i, value] of [11 / 3, 1 / 3, 2, 2].entries()) expect(compared[i]).toBeCloseTo(value, 6);
  const [pooled] = numbers(() => guidedPool(tensor([1, 3, -1, 0], [1, 2, 2, 1]), tensor([2], [1, 1, 1, 1]), 2, 1e-8));
  expect(pooled).toBeCloseTo(3.25, 6);
});
