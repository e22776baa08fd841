import * as tf from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import { unary } from './families.ts';

export const selectAndCastSpecs: readonly OpSpec[] = [
  unary('Identity', (x) => tf.clone(x), {}, { secondOrder: 'zero' }),

  opSpec({
    kernel: 'Select',
    run: ([condition, t, e]) => tf.where(condition!, t!, e!),
    secondOrder: 'zero',
    samples: [
      { inputs: [{ shape: [2, 3], dtype: 'bool' }, { shape: [2, 3] }, { shape: [2, 3] }] },
      { inputs: [{ shape: [2, 1], dtype: 'bool' }, { shape: [3] }, { shape: [2, 3] }] },
      { inputs: [{ shape: [4], dtype: 'bool' }, { shape: [4] }, { shape: [], constant: true }] },
    ],
    fuzz: (random) => {
      const shape = random.shape();
      return { inputs: [{ shape, dtype: 'bool' }, { shape }, { shape: random.broadcastable(shape) }] };
    },
  }),

  opSpec<{ dtype: 'int32' | 'bool' | 'complex64' }>({
    kernel: 'Cast',
    run: ([x], { dtype }) => (dtype === 'complex64' ? tf.real(tf.cast(x!, dtype)) : tf.cast(x!, dtype)),
    secondOrder: 'zero',
    samples: (['int32', 'bool'] as const).map((dtype) => ({ inputs: [{ shape: [2, 3] }], attrs: { dtype } })),
  }),
];

/** Rows that need complex tensors, which not every backend has. */
export const complexSpecs: readonly OpSpec[] = [
  opSpec({
    kernel: 'Complex',
    run: ([real, imag]) => tf.real(tf.complex(real!, imag!)),
    secondOrder: 'zero',
    samples: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 3] }] }],
  }),
  opSpec({
    kernel: 'Real',
    run: ([real, imag]) => tf.mul(tf.real(tf.complex(real!, imag!)), real!),
    samples: [{ inputs: [{ shape: [4] }, { shape: [4] }] }],
  }),
  opSpec({
    kernel: 'Imag',
    run: ([real, imag]) => tf.mul(tf.imag(tf.complex(real!, imag!)), real!),
    samples: [{ inputs: [{ shape: [4] }, { shape: [4] }] }],
  }),
  opSpec({
    kernel: 'ComplexAbs',
    run: ([real, imag]) => tf.abs(tf.complex(real!, imag!)),
    samples: [{ inputs: [{ shape: [2, 3], range: [0.2, 2] }, { shape: [2, 3] }] }],
  }),
];
