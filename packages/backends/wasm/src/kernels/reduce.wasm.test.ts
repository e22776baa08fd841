import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { expectClose, sample, sizeOf } from '../test-support.ts';

beforeAll(() => useWasm());

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
    { shape: [0, 3], axes: [0] },
    { shape: [4, 3], axes: [] },
  ])('of $shape over $axes equal float64', ({ shape, axes }) => {
    const x = sample(shape, 'x');
    const count = sizeOf(axes.map((axis) => shape[axis]!));
    const expected = sum64(x.values, shape, axes);
    for (const keepDims of [false, true]) {
      const sum = tf.sum(x.tensor, axes, keepDims);
      expect(sum.shape).toEqual(shape.flatMap((size, d) => (axes.includes(d) ? (keepDims ? [1] : []) : [size])));
      expectClose(sum, expected, 1e-5, Math.sqrt(count) + 1);
      const mean = tf.mean(x.tensor, axes, keepDims);
      if (count > 0)
        expectClose(
          mean,
          expected.map((value) => value / count),
          1e-5,
          1 / Math.sqrt(count),
        );
      tf.dispose([sum, mean]);
    }
    x.tensor.dispose();
  });

  it('a sum of ten million ones is exact in one row, and over leading axes', () => {
    tf.tidy(() => {
      const ones = tf.ones([5_000_000, 2]);
      expect(tf.sum(ones).dataSync()[0]).toBe(1e7);
      expect([...tf.sum(ones, 0).dataSync()]).toEqual([5e6, 5e6]);
    });
  });

  it('integers stay integers', () => {
    tf.tidy(() => {
      const sum = tf.sum(
        tf.tensor2d(
          [
            [1, 2],
            [3, 4],
          ],
          [2, 2],
          'int32',
        ),
        0,
      );
      expect([sum.dtype, ...sum.dataSync()]).toEqual(['int32', 4, 6]);
    });
  });
});
