import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fashionMissing, loadFashionMnist } from './fashion-mnist.ts';

let folder = '';
const write = (name: string, shape: readonly number[], values: readonly number[]) => {
  const sizes = shape.flatMap((size) => [0, 0, 0, size]);
  writeFileSync(join(folder, name), gzipSync(Uint8Array.from([0, 0, 8, shape.length, ...sizes, ...values])));
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapgrad-fashion-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the Fashion-MNIST folder', () => {
  it('says how to install what is missing', () => {
    expect(fashionMissing(folder)).toContain('train-images-idx3-ubyte.gz');
    expect(() => loadFashionMnist(folder)).toThrow(
      expect.objectContaining({
        code: 'DATASET_MISSING',
        message: expect.stringContaining(folder),
        fix: expect.stringMatching(/apt-get install dataset-fashion-mnist.*TAPGRAD_FASHION_MNIST/),
      }),
    );
  });

  it('gives images, classes and names of both parts; files of different lengths are refused', () => {
    for (const part of ['train', 't10k']) {
      write(`${part}-images-idx3-ubyte.gz`, [2, 1, 2], [0, 50, 100, 255]);
      write(`${part}-labels-idx1-ubyte.gz`, [2], [9, 2]);
    }
    const { train, test } = loadFashionMnist(folder);
    expect(train.shape).toEqual([1, 2, 1]);
    expect([...test.pixels]).toEqual([0, 50, 100, 255]);
    expect([...train.classes].map((each) => train.labels[each])).toEqual(['ankle boot', 'pullover']);
    write('t10k-labels-idx1-ubyte.gz', [3], [9, 2, 1]);
    expect(() => loadFashionMnist(folder)).toThrow(expect.objectContaining({ code: 'DATASET_INVALID' }));
  });
});
