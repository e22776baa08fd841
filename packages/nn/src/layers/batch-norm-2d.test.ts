import { checkpoint, grad } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import { moments, mul, sum, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-support.ts';
import { BatchNorm2d, freezeStatistics } from './batch-norm-2d.ts';
import { Sequential } from './sequential.ts';

const host = (values: ArrayLike<number>) => Array.from(values);

describe('BatchNorm2d', () => {
  it('in training normalises with the batch and moves the running statistics, unbiased', () => {
    const layer = new BatchNorm2d(2, { momentum: 0.25 });
    const x = tensor([1, 10, 3, 20, 5, 30, 7, 60], [1, 2, 2, 2]);
    const y = layer.call(x);
    const statistics = tidy(() => {
      const { mean, variance } = moments(y, [0, 1, 2]);
      return [...mean.dataSync(), ...variance.dataSync()];
    });
    expect(statistics.map((value) => Math.round(value * 1000))).toEqual([0, 0, 1000, 1000]);
    expect(host(layer.runningMean.variable.dataSync())).toEqual([1, 7.5]);
    const [first] = layer.runningVar.variable.dataSync();
    expect(first).toBeCloseTo(0.75 + (0.25 * 20) / 3, 10);
    for (const each of [x, y]) each.dispose();
    layer.dispose();
  });

  it('in evaluation uses the running statistics and leaves them alone', () => {
    const layer = new BatchNorm2d(1, { epsilon: 0 }).eval();
    const [mean, variance] = [tensor([3]), tensor([4])];
    layer.runningMean.assign(mean);
    layer.runningVar.assign(variance);
    const x = tensor([3, 5, 1], [3, 1, 1, 1]);
    const y = layer.call(x);
    expect(host(y.dataSync())).toEqual([0, 1, -1]);
    expect(host(layer.runningMean.variable.dataSync())).toEqual([3]);
    for (const each of [x, y, mean, variance]) each.dispose();
    layer.dispose();
  });

  it('frozen statistics are used, and kept, in training', () => {
    const layer = new BatchNorm2d(1);
    const model = new Sequential(layer);
    freezeStatistics(model);
    const x = tensor([1, 2], [2, 1, 1, 1]);
    layer.call(x).dispose();
    expect(host(layer.runningMean.variable.dataSync())).toEqual([0]);
    freezeStatistics(model, false);
    layer.call(x).dispose();
    expect(host(layer.runningMean.variable.dataSync())).not.toEqual([0]);
    x.dispose();
    layer.dispose();
  });

  it('a checkpointed segment updates the running statistics once', () => {
    const layer = new BatchNorm2d(1, { momentum: 0.5 });
    const x = tensor([2, 4], [2, 1, 1, 1]);
    const gradients = grad(
      () =>
        sum(
          mul(
            checkpoint((input) => layer.call(input), x),
            x,
          ),
        ),
      { weight: layer.weight.variable },
    );
    expect(host(layer.runningMean.variable.dataSync())).toEqual([1.5]);
    gradients.weight.dispose();
    x.dispose();
    layer.dispose();
  });

  it('leaves nothing behind, recorded or not', () => {
    const layer = new BatchNorm2d(3);
    const x = randomTensor([2, 3, 3, 3]);
    layer.call(x).dispose();
    expectNoLeak(() => {
      layer.call(x).dispose();
      const made = grad(() => sum(layer.call(x)), { x, weight: layer.weight.variable });
      for (const gradient of Object.values(made)) gradient.dispose();
    });
    x.dispose();
    layer.dispose();
  });
});
