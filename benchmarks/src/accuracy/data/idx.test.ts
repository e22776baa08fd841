import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readIdx } from './idx.ts';

const idx = (shape: readonly number[], values: readonly number[], type = 0x08) => {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, type, shape.length]);
  shape.forEach((size, axis) => {
    head.writeUInt32BE(size, 4 + 4 * axis);
  });
  return gzipSync(Buffer.concat([head, Uint8Array.from(values)]));
};

describe('an IDX file', () => {
  it('gives shape and values', () => {
    const { shape, values } = readIdx(idx([2, 1, 3], [1, 2, 3, 250, 251, 252]), 'images');
    expect(shape).toEqual([2, 1, 3]);
    expect([...values]).toEqual([1, 2, 3, 250, 251, 252]);
  });

  it('that is cut, of another type or no gzip is refused by name', () => {
    for (const [file, why] of [
      [idx([2, 2], [1, 2, 3]), 'holds 3 values'],
      [idx([1], [1], 0x0d), 'no IDX file'],
      [gzipSync(Buffer.from([0, 0])), 'no IDX file'],
      [Buffer.from('<html>'), 'no gzip file'],
    ] as const) {
      expect(() => readIdx(file, 'images.gz')).toThrow(
        expect.objectContaining({ code: 'DATASET_INVALID', message: expect.stringContaining(`images.gz: ${why}`) }),
      );
    }
  });
});
