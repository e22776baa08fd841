import { randomStream } from '@tapgrad/core';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type HalfFormat, packHalf, unpackHalf } from './half.ts';

const fractions = { float16: 10, bfloat16: 7 };
const lowest = { float16: -14, bfloat16: -126 };
const largest = { float16: 65504, bfloat16: 2 ** 127 * (2 - 2 ** -7) };

/** To the nearest number of the format, ties to even. */
function nearest(x: number, format: HalfFormat): number {
  const size = Math.min(Math.abs(x), largest[format]);
  let exponent = lowest[format];
  while (2 ** (exponent + 1) <= size) exponent++;
  const step = 2 ** (exponent - fractions[format]);
  const steps = size / step;
  const down = Math.floor(steps);
  const up = steps - down > 0.5 || (steps - down === 0.5 && down % 2 === 1);
  return Math.sign(x) * (down + (up ? 1 : 0)) * step;
}

/** Numbers of all sizes, ties, and the ends of the formats. */
export const trials: readonly number[] = [
  ...[0, 1, -1, 2, 65504, 65519, 65520, -70000, 1e6, 3.3e38, -3.4e38, 2 ** -14, 2 ** -15, 2 ** -24, 2 ** -25, 2 ** -26],
  ...[
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    1 + 2 ** -8,
    1 + 3 * 2 ** -8,
    2 - 2 ** -12,
    3 * 2 ** -25,
    5 * 2 ** -25,
    1023.5 * 2 ** -24,
  ],
  ...Array.from(randomStream(8, 'half').normal(300), (x, i) => x * 10 ** ((i % 16) - 9)),
].map(Math.fround);

/** Run on each backend. */
export function testHalf(): void {
  describe.each(['float16', 'bfloat16'] as const)('%s', (format) => {
    it('is the nearest number, ties to even, and the largest for what is larger', () => {
      tidy(() => {
        const back = unpackHalf(packHalf(tensor([...trials]), format), format, [trials.length]).dataSync();
        for (const [i, x] of trials.entries()) expect((back[i] as number) + 0, `${x}`).toBe(nearest(x, format) + 0);
      });
    });

    it.each([1, 2, 7, 8])('takes ⌈n / 2⌉ words for %i numbers, the first in the lower half', (size) => {
      tidy(() => {
        const words = packHalf(tensor(trials.slice(1, 1 + size)), format);
        expect([words.dtype, words.size]).toEqual(['int32', Math.ceil(size / 2)]);
        const one = format === 'float16' ? 0x3c00 : 0x3f80;
        const first = words.dataSync()[0] as number;
        expect(first & 0xffff).toBe(one);
        if (size > 1) expect(first >>> 16).toBe(one + 0x8000);
        expect(unpackHalf(words, format, [1, size]).shape).toEqual([1, size]);
      });
    });
  });
}
