import { batchNorm, localResponseNormalization, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { type InputSpec, type OpSpec, opSpec } from '../op-spec.ts';

interface BatchNormAttrs {
  readonly epsilon: number;
  readonly offset?: boolean;
  readonly scale?: boolean;
}

const positive = (shape: readonly number[]): InputSpec => ({ shape, range: [0.5, 2] });
const image = { shape: [2, 2, 3, 3] };
const channel = { shape: [3] };

const batch = opSpec<BatchNormAttrs>({
  kernel: 'FusedBatchNorm',
  // tfjs takes offset before scale.
  run([x, mean, variance, ...affine], { epsilon, offset, scale }) {
    const [first, second] = affine;
    return batchNorm(
      x as Tensor,
      mean as Tensor,
      variance as Tensor,
      offset ? first : undefined,
      scale ? (offset ? second : first) : undefined,
      epsilon,
    );
  },
  samples: [
    { inputs: [image, channel, positive([3]), channel, channel], attrs: { epsilon: 1e-3, offset: true, scale: true } },
    { inputs: [image, channel, positive([3])], attrs: { epsilon: 1e-3 } },
    { inputs: [image, channel, positive([3]), channel], attrs: { epsilon: 0.1, scale: true } },
    {
      inputs: [{ shape: [4, 3] }, channel, positive([3]), channel, channel],
      attrs: { epsilon: 1e-3, offset: true, scale: true },
    },
    {
      inputs: [
        { shape: [2, 2, 2, 2] },
        { shape: [2, 2, 2] },
        positive([2, 2, 2]),
        { shape: [2, 2, 2] },
        { shape: [2, 2, 2] },
      ],
      attrs: { epsilon: 1e-3, offset: true, scale: true },
    },
    {
      name: 'frozen statistics',
      inputs: [image, { ...channel, constant: true }, { ...positive([3]), constant: true }, channel, channel],
      attrs: { epsilon: 1e-3, offset: true, scale: true },
    },
  ],
  errors: [{ inputs: [image, channel, positive([1, 3])], attrs: { epsilon: 1e-3 }, message: /equal ranks/ }],
});

interface LocalAttrs {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

const localAttrs: readonly LocalAttrs[] = [
  { depthRadius: 1, bias: 1, alpha: 0.5, beta: 0.75 },
  { depthRadius: 5, bias: 2, alpha: 1, beta: 0.5 },
];

const local = opSpec<LocalAttrs>({
  kernel: 'LRN',
  run: ([x], { depthRadius, bias, alpha, beta }) =>
    localResponseNormalization(x as Tensor4D, depthRadius, bias, alpha, beta),
  samples: localAttrs.map((attrs) => ({ inputs: [{ shape: [1, 2, 2, 4] }], attrs })),
});

export const normalizeSpecs: readonly OpSpec[] = [batch, local];
