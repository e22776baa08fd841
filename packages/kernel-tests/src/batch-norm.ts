import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { runKernel } from './run-kernel.ts';
import { sample } from './sample.ts';

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

/** The gradients of batch norm by the statistics of the batch. */
export function testBatchNormGradient(): void {
  describe('BatchNormGrad', () => {
    it.each([
      [2, 3, 3, 1],
      [2, 3, 3, 5],
      [4, 5, 7, 17],
      [3, 9, 8, 64],
      [1, 1, 1, 4],
    ])('of [%i, %i, %i, %i] equals float64, and gives what is asked for', async (...shape) => {
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
        expectClose(await all[0]!.data(), dx, 2e-5, 1 / Math.sqrt(epsilon));
        expectClose(await all[1]!.data(), dweight, 2e-5, Math.sqrt(x.values.length / channels));
        expectClose(await all[2]!.data(), dbias, 2e-5, Math.sqrt(x.values.length / channels));
        const some = runKernel('tapgrad.BatchNormGrad', inputs, { epsilon, needX: false, needWeight: true });
        expect(some).toHaveLength(1);
        expectClose(await some[0]!.data(), dweight, 2e-5, Math.sqrt(x.values.length / channels));
        tf.dispose([...all, ...some]);
      }
      tf.dispose([x.tensor, dy.tensor, weight.tensor, mean, variance]);
    });
  });
}
