import * as tf from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';

const secondOrder = 'zero';

export const shapeSpecs: readonly OpSpec[] = [
  opSpec<{ shape: number[] }>({
    kernel: 'Reshape',
    run: ([x], { shape }) => tf.reshape(x!, shape),
    secondOrder,
    samples: [
      { inputs: [{ shape: [2, 3] }], attrs: { shape: [3, 2] } },
      { inputs: [{ shape: [4] }], attrs: { shape: [2, -1, 1] } },
      { inputs: [{ shape: [1] }], attrs: { shape: [] } },
    ],
    fuzz: (random) => ({ inputs: [{ shape: random.shape() }], attrs: { shape: [1, -1] } }),
    errors: [{ inputs: [{ shape: [2, 3] }], attrs: { shape: [4] }, message: /size/i }],
  }),
  opSpec<{ axis: number }>({
    kernel: 'ExpandDims',
    run: ([x], { axis }) => tf.expandDims(x!, axis),
    secondOrder,
    samples: [0, 1, -1].map((axis) => ({ inputs: [{ shape: [2, 3] }], attrs: { axis } })),
    fuzz: (random) => ({ inputs: [{ shape: random.shape() }], attrs: { axis: 0 } }),
  }),
  opSpec<{ perm: number[] }>({
    kernel: 'Transpose',
    run: ([x], { perm }) => tf.transpose(x!, perm),
    secondOrder,
    samples: [
      { inputs: [{ shape: [2, 3] }], attrs: { perm: [1, 0] } },
      { inputs: [{ shape: [2, 3, 4] }], attrs: { perm: [2, 0, 1] } },
      { inputs: [{ shape: [2, 1, 3, 2] }], attrs: { perm: [0, 2, 1, 3] } },
      { inputs: [{ shape: [2, 1, 3, 2, 2] }], attrs: { perm: [4, 2, 0, 1, 3] } },
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(2, 4));
      const perm = shape.map((_, axis) => axis);
      return { inputs: [{ shape }], attrs: { perm: random.pick([perm.toReversed(), [...perm.slice(1), 0]]) } };
    },
  }),
  opSpec<{ axis: number | number[] }>({
    kernel: 'Reverse',
    run: ([x], { axis }) => tf.reverse(x!, axis),
    secondOrder,
    samples: [
      { inputs: [{ shape: [4] }], attrs: { axis: 0 } },
      { inputs: [{ shape: [2, 3, 2] }], attrs: { axis: [0, -1] } },
    ],
    fuzz: (random) => ({ inputs: [{ shape: random.shape(random.integer(1, 4)) }], attrs: { axis: -1 } }),
  }),
  opSpec<{ reps: number[] }>({
    kernel: 'Tile',
    run: ([x], { reps }) => tf.tile(x!, reps),
    secondOrder,
    samples: [
      { inputs: [{ shape: [3] }], attrs: { reps: [2] } },
      { inputs: [{ shape: [2, 3] }], attrs: { reps: [1, 3] } },
      { inputs: [{ shape: [2, 1, 2] }], attrs: { reps: [2, 3, 2] } },
      { inputs: [{ shape: [1, 2, 1, 2, 1] }], attrs: { reps: [2, 1, 2, 2, 1] } },
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(1, 4));
      return { inputs: [{ shape }], attrs: { reps: shape.map(() => random.integer(1, 3)) } };
    },
  }),
  opSpec<{ shape: number[] }>({
    kernel: 'BroadcastTo',
    run: ([x], { shape }) =>
      tf.engine().runKernel('BroadcastTo', { x: x! }, { shape, inputShape: x!.shape }) as tf.Tensor,
    secondOrder,
    samples: [
      { inputs: [{ shape: [2, 1] }], attrs: { shape: [2, 3] } },
      { inputs: [{ shape: [1, 3, 1] }], attrs: { shape: [2, 3, 2] } },
    ],
  }),
  opSpec<{ axis: number }>({
    kernel: 'Concat',
    run: (inputs, { axis }) => tf.concat([...inputs], axis),
    secondOrder,
    samples: [
      { inputs: [{ shape: [2] }, { shape: [3] }], attrs: { axis: 0 } },
      { inputs: [{ shape: [2, 1] }, { shape: [2, 3] }, { shape: [2, 2] }], attrs: { axis: -1 } },
      { inputs: [{ shape: [2, 2] }, { shape: [1, 2], constant: true }, { shape: [3, 2] }], attrs: { axis: 0 } },
      { inputs: [{ shape: [2, 2] }, { shape: [0, 2] }, { shape: [1, 2] }], attrs: { axis: 0 } },
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(1, 4));
      const axis = random.integer(0, shape.length - 1);
      return { inputs: [{ shape }, { shape: shape.with(axis, random.integer(1, 4)) }], attrs: { axis } };
    },
    errors: [{ inputs: [{ shape: [2, 3] }, { shape: [3, 2] }], attrs: { axis: 0 }, message: /Shape/i }],
  }),
  opSpec<{ axis: number }>({
    kernel: 'Pack',
    run: (inputs, { axis }) => tf.stack([...inputs], axis),
    secondOrder,
    samples: [
      { inputs: [{ shape: [] }, { shape: [] }], attrs: { axis: 0 } },
      { inputs: [{ shape: [2, 3] }, { shape: [2, 3] }, { shape: [2, 3], constant: true }], attrs: { axis: 1 } },
      { inputs: [{ shape: [2, 3] }, { shape: [2, 3] }], attrs: { axis: 2 } },
    ],
    fuzz: (random) => {
      const shape = random.shape();
      const inputs = Array.from({ length: random.integer(1, 3) }, () => ({ shape }));
      return { inputs, attrs: { axis: random.integer(0, shape.length) } };
    },
  }),
  opSpec<{ axis: number; only?: number }>({
    kernel: 'Unpack',
    run: ([value], { axis, only }) => {
      const parts = tf.unstack(value!, axis);
      return only === undefined ? parts : parts[only]!;
    },
    secondOrder,
    samples: [
      { inputs: [{ shape: [3] }], attrs: { axis: 0 } },
      { inputs: [{ shape: [2, 3, 2] }], attrs: { axis: 1 } },
      { inputs: [{ shape: [2, 3] }], attrs: { axis: -1, only: 1 } },
    ],
    fuzz: (random) => ({ inputs: [{ shape: random.shape(random.integer(1, 4)) }], attrs: { axis: 0 } }),
  }),
  opSpec<{ sizes: number | number[]; axis: number; only?: number }>({
    kernel: 'SplitV',
    run: ([x], { sizes, axis, only }) => {
      const parts = tf.split(x!, sizes, axis);
      return only === undefined ? parts : parts[only]!;
    },
    secondOrder,
    samples: [
      { inputs: [{ shape: [4] }], attrs: { sizes: 2, axis: 0 } },
      { inputs: [{ shape: [2, 6] }], attrs: { sizes: [1, 3, 2], axis: 1 } },
      { inputs: [{ shape: [2, 6] }], attrs: { sizes: [1, -1, 2], axis: -1, only: 2 } },
    ],
  }),
];
