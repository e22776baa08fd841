import { expectClose, runKernel, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { useWasm } from '../index.ts';

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
