import { expectClose, indices, runKernel, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

describe('what tfjs gets wrong', () => {
  it('maxima of negative numbers are negative', () => {
    const x = tf.tensor4d([-1, -2, -3, -4], [1, 2, 2, 1]);
    const [values, positions] = runKernel(
      'MaxPoolWithArgmax',
      { x },
      { filterSize: [2, 2], strides: [2, 2], pad: 'valid', includeBatchInIndex: false },
    );
    expect([values!.dataSync()[0], positions!.dataSync()[0]]).toEqual([-1, 0]);
    const solid = tf.tensor5d([-5, -6], [1, 1, 1, 2, 1]);
    const pooled = tf.maxPool3d(solid, [1, 1, 2], 1, 'valid');
    expect([...pooled.dataSync()]).toEqual([-5]);
    const filter = tf.tensor3d([-10], [1, 1, 1]);
    const dilated = tf.dilation2d(x, filter, 1, 'valid');
    expect([...dilated.dataSync()]).toEqual([-11, -12, -13, -14]);
    tf.dispose([x, values!, positions!, solid, pooled, filter, dilated]);
  });

  it('gradients of pools go to the maxima, of equal ones to the first in 2-D and the last in 3-D', () => {
    const input = tf.tensor4d([-1, -1, -3, -4], [1, 2, 2, 1]);
    const dy = tf.tensor4d([5], [1, 1, 1, 1]);
    const attrs = { filterSize: [2, 2], strides: [2, 2], pad: 'valid' };
    const [dx] = runKernel('MaxPoolGrad', { dy, input, output: dy }, attrs);
    expect([...dx!.dataSync()]).toEqual([5, 0, 0, 0]);
    const [input3, dy3] = [tf.reshape(input, [1, 1, 2, 2, 1]), tf.reshape(dy, [1, 1, 1, 1, 1])];
    const [dx3] = runKernel(
      'MaxPool3DGrad',
      { dy: dy3, input: input3, output: dy3 },
      { filterSize: [1, 2, 2], strides: [1, 2, 2], pad: 'valid' },
    );
    expect([...dx3!.dataSync()]).toEqual([0, 5, 0, 0]);
    tf.dispose([input, dy, dx!, input3, dy3, dx3!]);
  });

  it('gradients of pools of many channels add up, one window after the other', () => {
    const [x, dy] = [sample([2, 6, 6, 7], 'x'), sample([2, 5, 5, 7], 'dy')];
    const attrs = {
      filterSize: [3, 3],
      strides: [1, 1],
      pad: [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ],
    };
    const [dx] = runKernel('MaxPoolGrad', { dy: dy.tensor, input: x.tensor, output: dy.tensor }, attrs);
    const expected = new Float64Array(x.values.length);
    for (const [b, oy, ox, c] of indices(2, 5, 5, 7) as Iterable<[number, number, number, number]>) {
      const window = [...indices(3, 3)].map(([ky, kx]) => [oy - 1 + ky!, ox + kx!] as const);
      const inside = window.filter(([i, j]) => i >= 0 && i < 6 && j >= 0 && j < 6);
      const places = inside.map(([i, j]) => ((b * 6 + i) * 6 + j) * 7 + c);
      const largest = places.reduce((best, place) => (x.values[place]! > x.values[best]! ? place : best));
      expected[largest]! += dy.values[((b * 5 + oy) * 5 + ox) * 7 + c]!;
    }
    expectClose(dx!, expected, 1e-6, 1);
    tf.dispose([x.tensor, dy.tensor, dx!]);
  });

  it('a cast to bool asks whether a number is zero', () => {
    tf.tidy(() => {
      expect([...tf.cast([0.5, 0, -0.1, 2], 'bool').dataSync()]).toEqual([1, 0, 1, 1]);
    });
  });

  it('integers are clipped as integers', () => {
    tf.tidy(() => {
      expect([...tf.clipByValue(tf.tensor1d([-3, 5, 1], 'int32'), 0, 2).dataSync()]).toEqual([0, 2, 1]);
    });
  });

  it('prelu weights broadcast', () => {
    tf.tidy(() => {
      expect([
        ...tf
          .prelu(
            tf.tensor2d([
              [-1, -2],
              [-3, 4],
            ]),
            tf.tensor2d([[2], [3]]),
          )
          .dataSync(),
      ]).toEqual([-2, -4, -9, 4]);
    });
  });

  it('a number as padding with a filter that is not square stays within its output', () => {
    const [x, filter] = [sample([1, 5, 5, 2], 'x'), sample([4, 1, 2, 3], 'filter')];
    const image = { x: x.tensor as tf.Tensor4D, filter: filter.tensor as tf.Tensor4D };
    const y = tf.conv2d(image.x, image.filter, 1, 2, 'NHWC', 1, 'floor');
    const bias = tf.tensor1d([1, 2, 3]);
    const fused = tf.fused.conv2d({ ...image, strides: 1, pad: 2, dimRoundingMode: 'floor', bias, activation: 'relu' });
    const expected = tf.tidy(() => tf.relu(tf.add(y, bias)));
    expectClose(fused, expected.dataSync());
    // The same filter with rows of zeros beside it is square, and tfjs agrees with itself there.
    const square = tf.pad(image.filter, [
      [0, 0],
      [0, 3],
      [0, 0],
      [0, 0],
    ]);
    const wide = tf.conv2d(image.x, square as tf.Tensor4D, 1, 2, 'NHWC', 1, 'floor');
    expectClose(y, wide.dataSync());
    const [pooled, mean] = [tf.maxPool(image.x, [4, 1], 1, 2, 'floor'), tf.avgPool(image.x, [4, 1], 1, 2, 'floor')];
    expect([pooled.shape, mean.shape]).toEqual([
      [1, 6, 6, 2],
      [1, 6, 6, 2],
    ]);
    tf.dispose([x.tensor, filter.tensor, y, bias, fused, expected, square, wide, pooled, mean]);
  });
});
