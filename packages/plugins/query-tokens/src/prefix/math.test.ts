import { attention } from '@tapgrad/core';
import { gradcheck } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { gatedPrefix, prefixed } from './math.ts';

const heads = 2;
const shapes = [
  [2, 3, 4],
  [2, 5, 4],
  [2, 5, 4],
  [3, 4],
  [3, 4],
];
const given = () => shapes.map((shape, i) => randomTensor(shape, 10 + i)) as [Tensor, Tensor, Tensor, Tensor, Tensor];

describe('a prefix in front of keys and values', () => {
  it.each([
    ['without a mask', undefined],
    ['with padding', [0, 0, 0, 0, -1e9]],
  ])('is the sum that the gate makes, %s', (_, seen) => {
    tidy(() => {
      const [query, key, value, prefixKey, prefixValue] = given();
      const mask = seen && tensor(seen, [1, 1, 1, 5]);
      const whole = seen && tensor([0, 0, 0, ...seen], [1, 1, 1, 8]);
      const options = { heads, mask: whole };
      const concatenated = attention(query, prefixed(prefixKey, key), prefixed(prefixValue, value), options);
      const gated = gatedPrefix({ query, key, value, prefixKey, prefixValue, heads, mask });
      const expected = gated.dataSync();
      const largest = concatenated.dataSync().map((each, i) => Math.abs(each - (expected[i] as number)));
      expect(Math.max(...largest)).toBeLessThan(2e-15);
    });
  });

  it('has, as the gate’s sum, the gradients that central differences show', () => {
    const inputs = given();
    gradcheck(
      (query, key, value, prefixKey, prefixValue) =>
        gatedPrefix({ query, key, value, prefixKey, prefixValue, heads } as Parameters<typeof gatedPrefix>[0]),
      inputs,
    );
    for (const input of inputs) input.dispose();
  });
});
