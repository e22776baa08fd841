import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { sample, sizeOf } from './sample.ts';

function sum64(values: Float64Array, shape: number[], axes: number[]): Float64Array {
  const kept = shape.map((size, d) => (axes.includes(d) ? 1 : size));
  const out = new Float64Array(sizeOf(kept));
  values.forEach((value, flat) => {
    let rest = flat;
    let [at, stride] = [0, 1];
    for (let d = shape.length - 1; d >= 0; d--) {
      if (kept[d]! > 1) at += (rest % shape[d]!) * stride;
      rest = Math.floor(rest / shape[d]!);
      stride *= kept[d]!;
    }
    out[at]! += value;
  });
  return out;
}

/** Sums and means over any axes. */
export function testReductions(): void {
  describe('Sum and Mean', () => {
    it.each([
      { shape: [1], axes: [0] },
      { shape: [5, 7], axes: [0] },
      { shape: [5, 7], axes: [1] },
      { shape: [5, 7], axes: [0, 1] },
      { shape: [17, 33, 65], axes: [1] },
      { shape: [3, 5, 7, 2], axes: [0, 2] },
      { shape: [3, 5, 7, 2], axes: [1, 3] },
      { shape: [3, 5, 7, 2], axes: [0, 1, 3] },
      { shape: [700, 3], axes: [0] },
      { shape: [3, 700], axes: [1] },
      { shape: [4, 5000, 4], axes: [1] },
      { shape: [70000, 5], axes: [0] },
      { shape: [70000, 3], axes: [1] },
      { shape: [2, 100, 260], axes: [1] },
      { shape: [2, 3, 0], axes: [2] },
      { shape: [0, 3], axes: [0] },
      { shape: [4, 3], axes: [] },
    ])('of $shape over $axes equal float64', async ({ shape, axes }) => {
      const x = sample(shape, 'x');
      const count = sizeOf(axes.map((axis) => shape[axis]!));
      const expected = sum64(x.values, shape, axes);
      for (const keepDims of [false, true]) {
        const sum = tf.sum(x.tensor, axes, keepDims);
        expect(sum.shape).toEqual(shape.flatMap((size, d) => (axes.includes(d) ? (keepDims ? [1] : []) : [size])));
        expectClose(await sum.data(), expected, 1e-5, Math.sqrt(count) + 1);
        const mean = tf.mean(x.tensor, axes, keepDims);
        if (count > 0)
          expectClose(
            await mean.data(),
            expected.map((value) => value / count),
            1e-5,
            1 / Math.sqrt(count),
          );
        tf.dispose([sum, mean]);
      }
      x.tensor.dispose();
    });

    it('a sum of ten million ones is exact in one row, and over leading axes', async () => {
      const ones = tf.ones([5_000_000, 2]);
      const [whole, columns] = [tf.sum(ones), tf.sum(ones, 0)];
      expect([...(await whole.data()), ...(await columns.data())]).toEqual([1e7, 5e6, 5e6]);
      tf.dispose([ones, whole, columns]);
    });

    it('integers stay integers', async () => {
      const x = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32');
      const [columns, whole] = [tf.sum(x, 0), tf.sum(x)];
      expect([columns.dtype, ...(await columns.data())]).toEqual(['int32', 4, 6]);
      expect([whole.dtype, ...(await whole.data())]).toEqual(['int32', 10]);
      tf.dispose([x, columns, whole]);
    });

    it('gives the same bits again', async () => {
      const x = sample([3000, 70], 'x');
      const sums = [tf.sum(x.tensor, 0), tf.sum(x.tensor, 0)];
      const [first, again] = await Promise.all(sums.map((each) => each.data()));
      expect(again).toEqual(first);
      tf.dispose([x.tensor, ...sums]);
    });
  });
}
