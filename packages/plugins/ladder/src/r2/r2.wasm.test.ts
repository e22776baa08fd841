import { useWasm } from '@tapgrad/backend-wasm';
import { eye, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { infoNce } from './losses.ts';
import { courseOf } from './test-towers.ts';

beforeAll(() => useWasm());

describe('R2 in float32 on wasm', () => {
  it('trains from cached features as from the towers, bit for bit', async () => {
    expect(await courseOf('cache')).toEqual(await courseOf('towers'));
  });

  it('has the contrast of orthonormal rows as on paper', () => {
    tidy(() => {
      const s = 1 / 0.07;
      const expected = -Math.log(Math.exp(s) / (Math.exp(s) + 3));
      expect(infoNce(eye(4), eye(4), s).dataSync()[0]).toBeCloseTo(expected, 6);
    });
  });
});
