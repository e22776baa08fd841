import { randomStream } from '@tapgrad/core';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { packBits, unpackBits, wordsOf } from './pack-bits.ts';

/** The words that hold these codes, bit by bit. */
function packedBitByBit(codes: readonly number[], bits: number): number[] {
  const words = new Int32Array(wordsOf(codes.length, bits));
  for (const [k, code] of codes.entries()) {
    for (let bit = 0; bit < bits; bit++) {
      const at = k * bits + bit;
      if (Math.floor(code / 2 ** bit) % 2) words[at >> 5] = (words[at >> 5] as number) | (1 << (at & 31));
    }
  }
  return [...words];
}

/** Run on each backend. */
export function testPackBits(): void {
  describe('codes in int32 words', () => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8])('of %i bits come back, in ⌈n · bits / 32⌉ words', (bits) => {
      for (const size of [1, 2, 7, 8, 31, 32, 33, 64, 100, 1000]) {
        tidy(() => {
          const random = randomStream(3, 'codes', bits, size);
          const codes = Array.from({ length: size }, () => random.integer(2 ** bits));
          const given = tensor(codes, [size], 'int32');
          const words = packBits(given, bits);
          expect(words.size).toBe(Math.ceil((size * bits) / 32));
          expect(words.dtype).toBe('int32');
          expect([...words.dataSync()]).toEqual(packedBitByBit(codes, bits));
          expect([...unpackBits(words, bits, size).dataSync()]).toEqual(codes);
        });
      }
    });

    it('of 4 bits fill bytes low nibble first: 11, 0, 15 are 0x0B, 0x0F where two stand in a byte', () => {
      tidy(() => {
        const words = packBits(tensor([11, 0, 15], [3], 'int32'), 4);
        expect([...words.dataSync()]).toEqual([0x0f0b]);
      });
    });

    it('of truth values are bits', () => {
      tidy(() => {
        const truth = tensor([1, 0, 1, 1, 0, 0, 0, 0, 1], [3, 3], 'bool');
        expect([...packBits(truth, 1).dataSync()]).toEqual([0b100001101]);
      });
    });
  });
}
