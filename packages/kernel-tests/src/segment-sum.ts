import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { runKernel } from './run-kernel.ts';
import { sample } from './sample.ts';

/** Sums of the rows of a segment, and the gradient of an embedding, which is one. */
export function testSegmentSums(): void {
  describe('segment sums', () => {
    it.each([
      [1, 1, 1],
      [7, 3, 4],
      [33, 17, 5],
      [65, 192, 40],
      [65, 300, 40],
      [600, 2, 7],
      [9, 5, 2000],
      [700, 3, 1000],
      [0, 3, 4],
    ])('%i rows of %i numbers into %i segments equal float64, twice the same', async (n, d, segments) => {
      const x = sample([n, d], 'x');
      // Some ids are out of range: such rows belong nowhere.
      const idOf = (i: number) => (i === 5 ? -1 : i === 6 ? segments : (i * i) % segments);
      const ids = Int32Array.from({ length: n }, (_, i) => idOf(i));
      const labels = tf.tensor1d(ids, 'int32');
      const expected = new Float64Array(segments * d);
      ids.forEach((id, i) => {
        for (let j = 0; id >= 0 && id < segments && j < d; j++) expected[id * d + j]! += x.values[i * d + j]!;
      });
      const [table] = runKernel('tapgrad.EmbeddingGrad', { dy: x.tensor, ids: labels }, { rows: segments });
      const sums = tf.unsortedSegmentSum(x.tensor, labels, segments);
      expect(table!.shape).toEqual([segments, d]);
      expectClose(await table!.data(), expected, 1e-5, 1);
      expect(await sums.data()).toEqual(await table!.data());
      tf.dispose([x.tensor, labels, table!, sums]);
    });

    it('add in the order of the rows, bit for bit', async () => {
      const n = 1000;
      const x = sample([n, 1], 'x');
      const ids = Int32Array.from({ length: n }, (_, i) => (i * 7) % 3);
      const labels = tf.tensor1d(ids, 'int32');
      const expected = new Float32Array(3);
      ids.forEach((id, i) => {
        expected[id] = Math.fround(expected[id]! + x.values[i]!);
      });
      const sums = tf.unsortedSegmentSum(x.tensor, labels, 3);
      expect(await sums.data()).toEqual(expected);
      tf.dispose([x.tensor, labels, sums]);
    });

    it('scatter what has an index of several axes, with rows behind it', async () => {
      const x = sample([5, 2], 'x');
      const places = [1, 0, 2, 3, 1, 0, 0, 0, 1, 0];
      const indices = tf.tensor2d(places, [5, 2], 'int32');
      const made = tf.scatterND(indices, x.tensor, [3, 4, 2]);
      const expected = new Float64Array(24);
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j < 2; j++)
          expected[(places[2 * i]! * 4 + places[2 * i + 1]!) * 2 + j]! += x.values[2 * i + j]!;
      }
      expect(made.shape).toEqual([3, 4, 2]);
      expectClose(await made.data(), expected);
      tf.dispose([x.tensor, indices, made]);
    });

    it('sum integers exactly', async () => {
      const x = tf.tensor1d([2 ** 24, 1, 5], 'int32');
      const ids = tf.tensor1d([1, 1, 0], 'int32');
      const sums = tf.unsortedSegmentSum(x, ids, 2);
      expect([sums.dtype, ...(await sums.data())]).toEqual(['int32', 5, 2 ** 24 + 1]);
      tf.dispose([x, ids, sums]);
    });
  });
}
