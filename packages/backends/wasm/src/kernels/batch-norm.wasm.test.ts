import { expectClose, sample, testBatchNormGradient } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

testBatchNormGradient();

describe('FusedBatchNorm', () => {
  it.each([
    [1, 1, 1, 1],
    [2, 3, 3, 5],
    [1, 5, 7, 17],
    [2, 4, 4, 64],
    [0, 3, 3, 4],
  ])('of [%i, %i, %i, %i] equals float64, with and without scale and offset', (...shape) => {
    const channels = shape[3]!;
    const [x, mean, spread] = [sample(shape, 'x', 3), sample([channels], 'mean'), sample([channels], 'variance')];
    const [scale, offset] = [sample([channels], 'scale'), sample([channels], 'offset')];
    const variance = tf.square(spread.tensor) as tf.Tensor1D;
    for (const affine of [false, true]) {
      const y = tf.batchNorm(
        x.tensor as tf.Tensor4D,
        mean.tensor as tf.Tensor1D,
        variance,
        affine ? (offset.tensor as tf.Tensor1D) : undefined,
        affine ? (scale.tensor as tf.Tensor1D) : undefined,
        1e-3,
      );
      const expected = x.values.map((value, i) => {
        const c = i % channels;
        const normalized = (value - mean.values[c]!) / Math.sqrt(spread.values[c]! ** 2 + 1e-3);
        return affine ? normalized * scale.values[c]! + offset.values[c]! : normalized;
      });
      expectClose(y, expected, 1e-5);
      y.dispose();
    }
    tf.dispose([x.tensor, mean.tensor, spread.tensor, scale.tensor, offset.tensor, variance]);
  });
});
