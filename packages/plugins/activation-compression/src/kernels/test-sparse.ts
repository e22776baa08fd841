import { randomStream } from '@tapgrad/core';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { packSparse, unpackSparse } from './sparse.ts';

/** The `count` largest magnitudes of each row, the others 0; among equals the first. */
function expected(rows: readonly (readonly number[])[], count: number): number[] {
  return rows.flatMap((row) => {
    const order = row.map((_, i) => i).sort((a, b) => Math.abs(row[b] as number) - Math.abs(row[a] as number) || a - b);
    const kept = new Set(order.slice(0, count));
    return row.map((value, i) => (kept.has(i) ? value : 0));
  });
}

/** Run on each backend. */
export function testSparse(): void {
  describe('the largest magnitudes of each sample', () => {
    it.each([
      [1, 1, 1],
      [1, 40, 4],
      [3, 33, 7],
      [4, 100, 100],
      [2, 1000, 100],
    ])('of %i samples with %i elements, %i kept: in their places, and one bit an element', (samples, width, count) => {
      tidy(() => {
        const random = randomStream(5, 'sparse', width);
        const rows = Array.from({ length: samples }, () => Array.from(random.normal(width), Math.fround));
        const x = tensor(rows.flat(), [samples, width]);
        const packed = packSparse(x, count);
        expect([packed.mask.dtype, packed.mask.size]).toEqual(['int32', Math.ceil((samples * width) / 32)]);
        expect(packed.values.shape).toEqual([samples, count]);
        const back = unpackSparse(packed, [samples, width]);
        expect(back.shape).toEqual([samples, width]);
        expect([...back.dataSync()]).toEqual(expected(rows, count));
      });
    });

    it('are the first among equals, zeros too', () => {
      tidy(() => {
        const rows = [
          [1, -1, 1, -1, 0.5, 1],
          [0, 0, 0, 0, 0, 0],
          [2, 0, 0, -3, 0, 0],
        ];
        const packed = packSparse(tensor(rows), 3);
        expect([...packed.values.dataSync()]).toEqual([1, -1, 1, 0, 0, 0, 2, 0, -3]);
        expect([...unpackSparse(packed, [3, 6]).dataSync()]).toEqual(expected(rows, 3));
      });
    });

    it('of one axis are those of one sample', () => {
      tidy(() => {
        const packed = packSparse(tensor([1, 5, -7, 2]), 2);
        expect([...packed.values.dataSync()]).toEqual([5, -7]);
        expect(packed.mask.dataSync()[0]).toBe(0b0110);
      });
    });
  });
}
