import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { expectClose, runKernel, sample } from '../test-support.ts';

beforeAll(() => useWasm());

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

interface Expected {
  readonly dx: Float64Array;
  readonly dweight: Float64Array;
  readonly dbias: Float64Array;
}

function reference(x: Float64Array, dy: Float64Array, weight: Float64Array | undefined, channels: number): Expected {
  const rows = channels === 0 ? 0 : x.length / channels;
  const [dx, dweight, dbias] = [new Float64Array(x.length), new Float64Array(channels), new Float64Array(channels)];
  for (let c = 0; c < channels; c++) {
    const { mean, rstd } = statistics(x, c, channels);
    const normal = (row: number) => (x[row * channels + c]! - mean) * rstd;
    for (let row = 0; row < rows; row++) {
      dweight[c]! += dy[row * channels + c]! * normal(row);
      dbias[c]! += dy[row * channels + c]!;
    }
    for (let row = 0; row < rows; row++) {
      const rest = dy[row * channels + c]! - dbias[c]! / rows - (normal(row) * dweight[c]!) / rows;
      dx[row * channels + c] = rest * rstd * (weight?.[c] ?? 1);
    }
  }
  return { dx, dweight, dbias };
}

const epsilon = 1e-3;

function statistics(x: Float64Array, c: number, channels: number): { mean: number; variance: number; rstd: number } {
  const values = x.filter((_, i) => i % channels === c);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variance, rstd: 1 / Math.sqrt(variance + epsilon) };
}

describe('BatchNormGrad', () => {
  it.each([
    [2, 3, 3, 1],
    [2, 3, 3, 5],
    [4, 5, 7, 17],
    [3, 9, 8, 64],
    [1, 1, 1, 4],
  ])('of [%i, %i, %i, %i] equals float64, and gives what is asked for', (...shape) => {
    const channels = shape[3]!;
    const [x, dy, weight] = [sample(shape, 'x', 3), sample(shape, 'dy'), sample([channels], 'weight')];
    const of = (pick: 'mean' | 'variance') =>
      tf.tensor1d(Array.from({ length: channels }, (_, c) => statistics(x.values, c, channels)[pick]));
    const [mean, variance] = [of('mean'), of('variance')];
    for (const affine of [false, true]) {
      const { dx, dweight, dbias } = reference(x.values, dy.values, affine ? weight.values : undefined, channels);
      const inputs = { dy: dy.tensor, x: x.tensor, mean, variance, ...(affine && { weight: weight.tensor }) };
      const all = runKernel('tapgrad.BatchNormGrad', inputs, {
        epsilon,
        needX: true,
        needWeight: true,
        needBias: true,
      });
      // Where terms cancel, the size of the terms is the measure.
      expectClose(all[0]!, dx, 2e-5, 1 / Math.sqrt(epsilon));
      expectClose(all[1]!, dweight, 2e-5, Math.sqrt(x.values.length / channels));
      expectClose(all[2]!, dbias, 2e-5, Math.sqrt(x.values.length / channels));
      const some = runKernel('tapgrad.BatchNormGrad', inputs, { epsilon, needX: false, needWeight: true });
      expect(some).toHaveLength(1);
      expectClose(some[0]!, dweight, 2e-5, Math.sqrt(x.values.length / channels));
      tf.dispose([...all, ...some]);
    }
    tf.dispose([x.tensor, dy.tensor, weight.tensor, mean, variance]);
  });
});
