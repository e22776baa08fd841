import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { useWasm } from '../index.ts';
import { expectClose, runKernel, sample } from '../test-support.ts';

beforeAll(() => useWasm());

describe('updates in place', () => {
  it.each([1, 3, 5, 17, 33, 1000])(
    'AdamW of %i parameters follows algorithm 2 of Loshchilov and Hutter for three steps',
    (size) => {
      const [learningRate, beta1, beta2, epsilon, weightDecay] = [1e-2, 0.9, 0.999, 1e-8, 0.1];
      const parameter = sample([size], 'parameter');
      const [m, v] = [tf.zeros([size]), tf.zeros([size])];
      const expected = { p: parameter.values, m: new Float64Array(size), v: new Float64Array(size) };
      for (let step = 1; step <= 3; step++) {
        const gradient = sample([size], `gradient ${step}`);
        const [nothing] = runKernel(
          'tapgrad.AdamW',
          { parameter: parameter.tensor, gradient: gradient.tensor, m, v },
          {
            learningRate,
            beta1,
            beta2,
            epsilon,
            weightDecay,
            step,
          },
        );
        for (let i = 0; i < size; i++) {
          const g = gradient.values[i]!;
          expected.m[i] = beta1 * expected.m[i]! + (1 - beta1) * g;
          expected.v[i] = beta2 * expected.v[i]! + (1 - beta2) * g * g;
          const update =
            expected.m[i]! / (1 - beta1 ** step) / (Math.sqrt(expected.v[i]! / (1 - beta2 ** step)) + epsilon);
          expected.p[i] = expected.p[i]! * (1 - learningRate * weightDecay) - learningRate * update;
        }
        tf.dispose([nothing!, gradient.tensor]);
      }
      expectClose(parameter.tensor, expected.p);
      expectClose(m, expected.m);
      expectClose(v, expected.v);
      tf.dispose([parameter.tensor, m, v]);
    },
  );

  it.each([
    ['convolution', [2, 2, 1, 3], (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, 'same')],
    ['depthwise convolution', [3, 3, 1, 1], (x: tf.Tensor4D, w: tf.Tensor4D) => tf.depthwiseConv2d(x, w, 1, 'same')],
  ] as const)('a %s sees its filter as AdamW left it', (_, shape, convolve) => {
    const image = sample([1, 4, 4, 1], 'image');
    const filter = sample([...shape], 'filter');
    const gradient = sample([...shape], 'gradient');
    const [m, v] = [tf.zeros([...shape]), tf.zeros([...shape])];
    const run = (by: tf.Tensor) => convolve(image.tensor as tf.Tensor4D, by as tf.Tensor4D);
    const before = run(filter.tensor);
    const attrs = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1 };
    const operands = { parameter: filter.tensor, gradient: gradient.tensor, m, v };
    const [nothing] = runKernel('tapgrad.AdamW', operands, attrs);
    const copy = tf.tensor(filter.tensor.dataSync(), [...shape]);
    const [after, expected] = [run(filter.tensor), run(copy)];
    expectClose(after, expected.dataSync());
    tf.dispose([image.tensor, filter.tensor, gradient.tensor, m, v, before, nothing!, copy, after, expected]);
  });

  it.each([1, 3, 17, 1000])('AddInPlace adds %i numbers to the first operand', (size) => {
    const [a, b] = [sample([size], 'a'), sample([size], 'b')];
    const [nothing] = runKernel('tapgrad.AddInPlace', { a: a.tensor, b: b.tensor });
    expectClose(
      a.tensor,
      a.values.map((x, i) => x + b.values[i]!),
      1e-6,
    );
    tf.dispose([a.tensor, b.tensor, nothing!]);
  });
});
