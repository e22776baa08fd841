import * as tf from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import { unary } from './families.ts';

export const activationSpecs: readonly OpSpec[] = [
  unary('Relu', (x) => tf.relu(x), { avoid: [0] }, { secondOrder: 'zero' }),
  unary('Relu6', (x) => tf.relu6(x), { range: [-2, 9], avoid: [0, 6] }, { secondOrder: 'zero' }),
  unary('Elu', (x) => tf.elu(x), { avoid: [0] }),
  unary('Selu', (x) => tf.selu(x), { avoid: [0] }),

  opSpec<{ alpha: number }>({
    kernel: 'LeakyRelu',
    run: ([x], { alpha }) => tf.leakyRelu(x!, alpha),
    secondOrder: 'zero',
    samples: [0.2, 0, -0.5].map((alpha) => ({ inputs: [{ shape: [2, 4], avoid: [0] }], attrs: { alpha } })),
    fuzz: (random) => ({ inputs: [{ shape: random.shape(), avoid: [0] }], attrs: { alpha: random.uniform() } }),
  }),

  opSpec<{ low: number; high: number }>({
    kernel: 'ClipByValue',
    run: ([x], { low, high }) => tf.clipByValue(x!, low, high),
    secondOrder: 'zero',
    samples: [
      { inputs: [{ shape: [3, 4], avoid: [-1, 0.5] }], attrs: { low: -1, high: 0.5 } },
      { inputs: [{ shape: [3], avoid: [-9] }], attrs: { low: -9, high: 9 } },
    ],
    fuzz: (random) => ({ inputs: [{ shape: random.shape(), avoid: [-1, 1] }], attrs: { low: -1, high: 1 } }),
    errors: [{ inputs: [{ shape: [3] }], attrs: { low: 1, high: 0 }, message: /min.*must be/i }],
  }),

  opSpec({
    kernel: 'Prelu',
    run: ([x, alpha]) => tf.prelu(x!, alpha!),
    samples: [
      { inputs: [{ shape: [2, 3], avoid: [0] }, { shape: [3] }] },
      { inputs: [{ shape: [2, 3, 2], avoid: [0] }, { shape: [3, 1] }] },
      {
        inputs: [
          { shape: [4], avoid: [0] },
          { shape: [4], constant: true },
        ],
      },
      { inputs: [{ shape: [4], avoid: [0], constant: true }, { shape: [1] }] },
    ],
    fuzz: (random) => {
      const shape = random.shape();
      return { inputs: [{ shape, avoid: [0] }, { shape: random.broadcastable(shape) }] };
    },
  }),

  opSpec({
    kernel: 'EluGrad',
    run: ([dy, y]) => tf.engine().runKernel('EluGrad', { dy: dy!, y: y! }) as tf.Tensor,
    samples: [{ inputs: [{ shape: [2, 5] }, { shape: [2, 5], range: [-0.9, 2], avoid: [0] }] }],
    fuzz: (random) => {
      const shape = random.shape();
      return { inputs: [{ shape }, { shape, range: [-0.9, 2], avoid: [0] }] };
    },
  }),
];
