import * as tf from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import { binary } from './families.ts';

const apart = { a: { range: [-2, -0.1] as const }, b: { range: [0.1, 2] as const } };

export const binarySpecs: readonly OpSpec[] = [
  binary('Add', (a, b) => tf.add(a, b), { extra: { secondOrder: 'zero' } }),
  binary('Sub', (a, b) => tf.sub(a, b), { extra: { secondOrder: 'zero' } }),
  binary('Multiply', (a, b) => tf.mul(a, b)),
  binary('RealDiv', (a, b) => tf.div(a, b), { b: { range: [0.4, 2] } }),
  // -1 < a / b < 0 everywhere: no step is near.
  binary('Mod', (a, b) => tf.mod(a, b), {
    a: { range: [-1.4, -0.1] },
    b: { range: [1.5, 3] },
    extra: { secondOrder: 'zero' },
  }),
  binary('Pow', (a, b) => tf.pow(a, b), { a: { range: [0.3, 2] } }),
  binary('Maximum', (a, b) => tf.maximum(a, b), { ...apart, extra: { secondOrder: 'zero' } }),
  binary('Minimum', (a, b) => tf.minimum(a, b), { ...apart, extra: { secondOrder: 'zero' } }),
  binary('SquaredDifference', (a, b) => tf.squaredDifference(a, b)),
  binary('Atan2', (a, b) => tf.atan2(a, b), { a: { range: [0.3, 2] } }),

  opSpec({
    kernel: 'AddN',
    run: (inputs) => tf.addN([...inputs]),
    secondOrder: 'zero',
    samples: [
      { inputs: [{ shape: [2, 3] }, { shape: [2, 3] }, { shape: [2, 3] }] },
      { inputs: [{ shape: [3] }, { shape: [3], constant: true }] },
    ],
    fuzz: (random) => {
      const shape = random.shape();
      return { inputs: Array.from({ length: random.integer(2, 4) }, () => ({ shape })) };
    },
    errors: [{ inputs: [{ shape: [2] }, { shape: [3] }], message: /same shape/ }],
  }),
];
