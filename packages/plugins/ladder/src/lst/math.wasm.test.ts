import { useWasm } from '@tapgrad/backend-wasm';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { fuse, gate, gateSlope } from './math.ts';

beforeAll(() => useWasm());

const number = (f: () => Tensor) => tidy(() => f().dataSync()[0] as number);

describe('the gate in float32 on wasm', () => {
  it('is exactly one half at the start, with slope 2.5', () => {
    expect(number(() => gate(tensor(0), 0.1))).toBe(0.5);
    expect(number(() => gateSlope(tensor(0), 0.1))).toBe(2.5);
    expect(number(() => gate(tensor(0.05), 0.1))).toBeCloseTo(0.622459, 6);
  });

  it.each([
    ['the side state', 100, 0],
    ['the backbone', -100, 1],
  ])('lets exactly %s through at its end', (_, alpha, index) => {
    tidy(() => {
      const given = [randomTensor([2, 3, 4], 1), randomTensor([2, 3, 4], 2)] as const;
      const mixed = fuse(...given, tensor(alpha), 0.1).dataSync();
      expect(mixed).toEqual(given[index as 0 | 1].dataSync());
    });
  });
});
