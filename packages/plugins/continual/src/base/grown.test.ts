import { tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { corner, overlaid, padded } from './grown.ts';

const old = () => tensor([1, 2, 3, 4], [2, 2]);
const now = () => tensor([9, 9, 7, 9, 9, 8, 5, 5, 5], [3, 3]);

it('what was kept of a parameter that grew is its leading corner', () => {
  tidy(() => {
    expect(Array.from(corner(now(), [2, 2]).dataSync())).toEqual([9, 9, 9, 9]);
    expect(Array.from(padded(old(), [3, 3]).dataSync())).toEqual([1, 2, 0, 3, 4, 0, 0, 0, 0]);
    expect(Array.from(overlaid(old(), now()).dataSync())).toEqual([1, 2, 7, 3, 4, 8, 5, 5, 5]);
  });
});

it('a parameter that did not grow is as it is', () => {
  tidy(() => {
    const value = old();
    expect(corner(value, [2, 2])).toBe(value);
    expect(padded(value, [2, 2])).toBe(value);
    expect(overlaid(value, old())).toBe(value);
  });
});

it.each([[[1, 2]], [[4]]])('a parameter that became %j is refused', (shape) => {
  tidy(() => {
    const value = old();
    expect(() => padded(value, shape)).toThrow(/PARAMETER_RESHAPED/);
  });
});
