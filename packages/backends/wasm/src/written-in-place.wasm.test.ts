import { runKernel, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from './index.ts';

beforeAll(() => useWasm());

const convolutions: Record<string, (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) => tf.Tensor> = {
  conv2d: (x, filter) => tf.conv2d(x, filter, 2, 'valid'),
  depthwiseConv2d: (x, filter) => tf.depthwiseConv2d(x, filter, 1, 'same'),
  'fused conv2d': (x, filter, bias) =>
    tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same', activation: 'relu' }),
};

describe.each(Object.entries(convolutions))('%s', (_, convolve) => {
  it('sees a filter and bias that were written in place', () => {
    tf.tidy(() => {
      const x = sample([2, 6, 6, 3], 'x').tensor as tf.Tensor4D;
      const filter = sample([3, 3, 3, 3], 'filter').tensor as tf.Tensor4D;
      const bias = sample([3], 'bias').tensor as tf.Tensor1D;
      const depthwise = tf.slice(filter, [0, 0, 0, 0], [3, 3, 3, 1]);
      const used = convolve === convolutions.depthwiseConv2d ? depthwise : filter;
      for (let i = 0; i < 3; i++) {
        const now = convolve(x, used, bias).dataSync();
        const copies = [tf.tensor(used.dataSync(), used.shape), tf.tensor(bias.dataSync(), bias.shape)] as const;
        expect([...now]).toEqual([...convolve(x, copies[0] as tf.Tensor4D, copies[1] as tf.Tensor1D).dataSync()]);
        runKernel('tapgrad.AddInPlace', { a: used, b: tf.onesLike(used) });
        runKernel('tapgrad.AddInPlace', { a: bias, b: tf.onesLike(bias) });
      }
      const zeros = () => [tf.zerosLike(used), tf.zerosLike(used)] as const;
      const [m, v] = zeros();
      const attrs = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1 };
      runKernel('tapgrad.AdamW', { parameter: used, gradient: tf.onesLike(used), m, v }, attrs);
      const copy = tf.tensor(used.dataSync(), used.shape) as tf.Tensor4D;
      expect([...convolve(x, used, bias).dataSync()]).toEqual([...convolve(x, copy, bias).dataSync()]);
    });
  });
});
