import * as tf from '@tensorflow/tfjs-core';
import { type OpSample, type OpSpec, opSpec } from '../op-spec.ts';

interface StridedSliceAttributes {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  /** begin, end, ellipsis, new axis, shrink axis. */
  readonly masks?: [number, number, number, number, number];
}

function strided(shape: number[], attrs: StridedSliceAttributes): OpSample<StridedSliceAttributes> {
  return { inputs: [{ shape }], attrs };
}

type Paddings = [number, number][];

const blockShape = [2, 2];

export const sliceSpecs: readonly OpSpec[] = [
  opSpec<{ begin: number | number[]; size?: number | number[] }>({
    kernel: 'Slice',
    run: ([x], { begin, size }) => tf.slice(x!, begin, size),
    secondOrder: 'zero',
    samples: [
      { inputs: [{ shape: [5] }], attrs: { begin: 1, size: 3 } },
      { inputs: [{ shape: [3, 4] }], attrs: { begin: [1], size: [2] } },
      { inputs: [{ shape: [3, 4] }], attrs: { begin: [0, 2], size: [-1, 2] } },
      { inputs: [{ shape: [2, 3, 2, 3] }], attrs: { begin: [1, 0, 1, 1], size: [1, 2, 1, 2] } },
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(1, 4));
      const begin = shape.map((extent) => random.integer(0, extent - 1));
      return { inputs: [{ shape }], attrs: { begin, size: shape.map((extent, i) => extent - begin[i]!) } };
    },
    errors: [{ inputs: [{ shape: [3] }], attrs: { begin: [2], size: [2] }, message: /begin|size/i }],
  }),

  opSpec<StridedSliceAttributes>({
    kernel: 'StridedSlice',
    run: ([x], { begin, end, strides, masks = [0, 0, 0, 0, 0] }) => tf.stridedSlice(x!, begin, end, strides, ...masks),
    secondOrder: 'zero',
    samples: [
      strided([7], { begin: [1], end: [7], strides: [2] }),
      strided([7], { begin: [6], end: [0], strides: [-2] }),
      strided([7], { begin: [0], end: [0], strides: [-1], masks: [1, 1, 0, 0, 0] }),
      strided([4, 5], { begin: [0, 1], end: [4, 5], strides: [3, 2] }),
      // Only with strides of 1: tfjs's kernels read the wrong elements where an axis is shrunk and another strided.
      strided([4, 5], { begin: [1, 1], end: [2, 4], strides: [1, 1], masks: [0, 0, 0, 0, 1] }),
      strided([4, 5], { begin: [0, 0, 1], end: [0, 4, 4], strides: [1, 2, 2], masks: [0, 0, 0, 1, 0] }),
      strided([2, 3, 5], { begin: [0, 1], end: [0, 5], strides: [1, 3], masks: [0, 0, 1, 0, 0] }),
      strided([4, 4], { begin: [1, 1], end: [3, 4], strides: [1, 1] }),
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(1, 3));
      const strides = shape.map(() => random.pick([-2, -1, 1, 2, 3]));
      const all = 2 ** shape.length - 1;
      return strided(shape, { begin: shape.map(() => 0), end: [...shape], strides, masks: [all, all, 0, 0, 0] });
    },
  }),

  opSpec<{ paddings: Paddings; value?: number }>({
    kernel: 'PadV2',
    run: ([x], { paddings, value }) => tf.pad(x!, paddings, value),
    secondOrder: 'zero',
    samples: [
      { inputs: [{ shape: [3] }], attrs: { paddings: [[1, 2]] } },
      {
        inputs: [{ shape: [2, 3] }],
        attrs: {
          paddings: [
            [0, 1],
            [2, 0],
          ],
          value: 5,
        },
      },
      {
        inputs: [{ shape: [1, 2, 2, 1] }],
        attrs: {
          paddings: [
            [0, 0],
            [1, 1],
            [1, 2],
            [0, 0],
          ],
        },
      },
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(1, 4));
      return {
        inputs: [{ shape }],
        attrs: { paddings: shape.map(() => [random.integer(0, 2), random.integer(0, 2)]) },
      };
    },
  }),

  opSpec<{ paddings: Paddings; mode: 'reflect' | 'symmetric' }>({
    kernel: 'MirrorPad',
    run: ([x], { paddings, mode }) => tf.mirrorPad(x!, paddings, mode),
    secondOrder: 'zero',
    samples: (['reflect', 'symmetric'] as const).flatMap((mode) => [
      { inputs: [{ shape: [4] }], attrs: { paddings: [[3, 2]] as Paddings, mode } },
      {
        inputs: [{ shape: [3, 4] }],
        attrs: {
          paddings: [
            [1, 2],
            [0, 3],
          ] as Paddings,
          mode,
        },
      },
      {
        inputs: [{ shape: [1, 3, 3, 2] }],
        attrs: {
          paddings: [
            [0, 0],
            [1, 1],
            [2, 2],
            [0, 0],
          ] as Paddings,
          mode,
        },
      },
    ]),
  }),

  opSpec<{ paddings: Paddings }>({
    kernel: 'SpaceToBatchND',
    run: ([x], { paddings }) => tf.spaceToBatchND(x!, blockShape, paddings),
    secondOrder: 'zero',
    samples: [
      {
        inputs: [{ shape: [1, 2, 4, 2] }],
        attrs: {
          paddings: [
            [0, 0],
            [0, 0],
          ],
        },
      },
      {
        inputs: [{ shape: [2, 3, 2, 1] }],
        attrs: {
          paddings: [
            [1, 0],
            [0, 2],
          ],
        },
      },
    ],
  }),

  opSpec<{ crops: Paddings }>({
    kernel: 'BatchToSpaceND',
    run: ([x], { crops }) => tf.batchToSpaceND(x!, blockShape, crops),
    secondOrder: 'zero',
    samples: [
      {
        inputs: [{ shape: [4, 1, 2, 2] }],
        attrs: {
          crops: [
            [0, 0],
            [0, 0],
          ],
        },
      },
      {
        inputs: [{ shape: [8, 2, 2, 1] }],
        attrs: {
          crops: [
            [1, 0],
            [0, 2],
          ],
        },
      },
    ],
  }),

  opSpec<{ blockSize: number }>({
    kernel: 'DepthToSpace',
    run: ([x], { blockSize }) => tf.depthToSpace(x as tf.Tensor4D, blockSize, 'NHWC'),
    secondOrder: 'zero',
    samples: [
      { inputs: [{ shape: [2, 1, 2, 4] }], attrs: { blockSize: 2 } },
      { inputs: [{ shape: [1, 2, 1, 8] }], attrs: { blockSize: 2 } },
      { inputs: [{ shape: [1, 1, 2, 9] }], attrs: { blockSize: 3 } },
    ],
    errors: [{ inputs: [{ shape: [1, 1, 1, 3] }], attrs: { blockSize: 2 }, message: /divisible/ }],
  }),
];
