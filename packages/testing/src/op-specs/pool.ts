import {
  avgPool,
  avgPool3d,
  type backend_util,
  dilation2d,
  maxPool,
  maxPool3d,
  maxPoolWithArgmax,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
} from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import type { SeededRandom } from '../random.ts';
import { runKernel } from './run-kernel.ts';

type Padding = 'same' | 'valid' | number | backend_util.ExplicitPadding;

interface PoolAttrs {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface VolumePoolAttrs {
  readonly filterSize: number | [number, number, number];
  readonly strides: number | [number, number, number];
  readonly pad: 'same' | 'valid' | number;
}

const explicit: backend_util.ExplicitPadding = [
  [0, 0],
  [1, 0],
  [0, 1],
  [0, 0],
];
const shape = [2, 4, 5, 2];

const poolAttrs: readonly PoolAttrs[] = [
  { filterSize: 2, strides: 2, pad: 'valid' },
  { filterSize: 3, strides: 1, pad: 'same' },
  { filterSize: [2, 3], strides: [1, 2], pad: 'same' },
  { filterSize: 2, strides: 2, pad: 1 },
  { filterSize: 3, strides: 2, pad: explicit },
];
const volumeAttrs: readonly VolumePoolAttrs[] = [
  { filterSize: 2, strides: 1, pad: 'valid' },
  { filterSize: [1, 2, 2], strides: [1, 2, 2], pad: 'same' },
];
const volume = [1, 2, 3, 4, 2];

function fuzzedPool(random: SeededRandom): PoolAttrs {
  // The fuzz runs on cpu alone: tfjs's wasm kernels read beyond the input where sizes are rounded up.
  const rounded: PoolAttrs = { filterSize: 2, strides: 2, pad: 0, dimRoundingMode: 'ceil' };
  if (random.integer(1, 3) === 1) return rounded;
  return {
    filterSize: [random.integer(1, 3), random.integer(1, 3)],
    strides: [random.integer(1, 3), random.integer(1, 3)],
    pad: random.pick(['same', 'valid']),
  };
}

const fuzzedShape = (random: SeededRandom) => [
  random.integer(1, 2),
  random.integer(3, 5),
  random.integer(3, 5),
  random.integer(1, 3),
];

const average = opSpec<PoolAttrs>({
  kernel: 'AvgPool',
  run: ([x], { filterSize, strides, pad, dimRoundingMode }) =>
    avgPool(x as Tensor4D, filterSize, strides, pad, dimRoundingMode),
  samples: poolAttrs.map((attrs) => ({ inputs: [{ shape }], attrs })),
  fuzz: (random) => ({ inputs: [{ shape: fuzzedShape(random) }], attrs: fuzzedPool(random) }),
  secondOrder: 'zero',
  errors: [{ inputs: [{ shape: [4, 4] }], attrs: { filterSize: 2, strides: 1, pad: 'same' }, message: /rank 4/ }],
});

const averageGradient = opSpec<PoolAttrs>({
  kernel: 'AvgPoolGrad',
  run: ([dy, input], attrs) => runKernel('AvgPoolGrad', { dy: dy as Tensor, input: input as Tensor }, attrs),
  samples: [
    {
      inputs: [{ shape: [1, 2, 2, 2] }, { shape: [1, 4, 5, 2], constant: true }],
      attrs: { filterSize: 2, strides: 2, pad: 'valid' },
    },
    {
      inputs: [{ shape: [1, 4, 5, 1] }, { shape: [1, 4, 5, 1], constant: true }],
      attrs: { filterSize: 3, strides: 1, pad: 'same' },
    },
  ],
  secondOrder: 'zero',
});

const largest = opSpec<PoolAttrs>({
  kernel: 'MaxPool',
  run: ([x], { filterSize, strides, pad, dimRoundingMode }) =>
    maxPool(x as Tensor4D, filterSize, strides, pad, dimRoundingMode),
  samples: poolAttrs.map((attrs) => ({ inputs: [{ shape, distinct: true }], attrs })),
  fuzz: (random) => ({ inputs: [{ shape: fuzzedShape(random), distinct: true }], attrs: fuzzedPool(random) }),
  secondOrder: 'zero',
});

const largestGradient = opSpec<PoolAttrs>({
  kernel: 'MaxPoolGrad',
  run: ([dy, input, output], attrs) =>
    runKernel('MaxPoolGrad', { dy: dy as Tensor, input: input as Tensor, output: output as Tensor }, attrs),
  samples: [
    {
      inputs: [
        { shape: [1, 4, 5, 1] },
        { shape: [1, 4, 5, 1], distinct: true, constant: true },
        { shape: [1, 4, 5, 1], constant: true },
      ],
      attrs: { filterSize: 3, strides: 1, pad: 'same' },
    },
  ],
  secondOrder: 'zero',
});

const largestWithPosition = opSpec<PoolAttrs & { readonly includeBatch: boolean }>({
  kernel: 'MaxPoolWithArgmax',
  run: ([x], { filterSize, strides, pad, includeBatch }) =>
    maxPoolWithArgmax(x as Tensor4D, filterSize, strides, pad as 'same' | 'valid', includeBatch).result!,
  samples: [
    { inputs: [{ shape, distinct: true }], attrs: { filterSize: 2, strides: 2, pad: 'valid', includeBatch: true } },
    { inputs: [{ shape, distinct: true }], attrs: { filterSize: 3, strides: 1, pad: 'same', includeBatch: false } },
  ],
  secondOrder: 'zero',
});

const volumeAverage = opSpec<VolumePoolAttrs>({
  kernel: 'AvgPool3D',
  run: ([x], { filterSize, strides, pad }) => avgPool3d(x as Tensor5D, filterSize, strides, pad),
  samples: volumeAttrs.map((attrs) => ({ inputs: [{ shape: volume }], attrs })),
  secondOrder: 'zero',
});

const volumeAverageGradient = opSpec<VolumePoolAttrs>({
  kernel: 'AvgPool3DGrad',
  run: ([dy, input], attrs) => runKernel('AvgPool3DGrad', { dy: dy as Tensor, input: input as Tensor }, attrs),
  samples: [
    {
      inputs: [{ shape: [1, 2, 2, 2, 2] }, { shape: volume, constant: true }],
      attrs: { filterSize: [1, 2, 2], strides: [1, 2, 2], pad: 'same' },
    },
  ],
  secondOrder: 'zero',
});

const volumeLargest = opSpec<VolumePoolAttrs>({
  kernel: 'MaxPool3D',
  run: ([x], { filterSize, strides, pad }) => maxPool3d(x as Tensor5D, filterSize, strides, pad),
  samples: [
    ...volumeAttrs,
    {
      filterSize: [2, 2, 3] as [number, number, number],
      strides: [1, 1, 2] as [number, number, number],
      pad: 'same' as const,
    },
  ].map((attrs) => ({ inputs: [{ shape: volume, distinct: true }], attrs })),
  secondOrder: 'zero',
});

const volumeLargestGradient = opSpec<VolumePoolAttrs>({
  kernel: 'MaxPool3DGrad',
  run: ([dy, input, output], attrs) =>
    runKernel('MaxPool3DGrad', { dy: dy as Tensor, input: input as Tensor, output: output as Tensor }, attrs),
  samples: [
    {
      inputs: [
        { shape: [1, 2, 2, 2, 2] },
        { shape: volume, distinct: true, constant: true },
        { shape: [1, 2, 2, 2, 2], constant: true },
      ],
      attrs: { filterSize: [1, 2, 2], strides: [1, 2, 2], pad: 'same' },
    },
  ],
  secondOrder: 'zero',
});

interface DilationAttrs {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid';
  readonly dilations: number | [number, number];
}

const dilationInputs = [
  { shape: [1, 4, 5, 2], distinct: true },
  { shape: [2, 2, 2], range: [0, 0.01] as [number, number] },
];

const dilation = opSpec<DilationAttrs>({
  kernel: 'Dilation2D',
  run: ([x, filter], { strides, pad, dilations }) =>
    dilation2d(x as Tensor4D, filter as Tensor3D, strides as [number, number], pad, dilations as [number, number]),
  samples: [
    { inputs: dilationInputs, attrs: { strides: 1, pad: 'same', dilations: 1 } },
    { inputs: dilationInputs, attrs: { strides: 2, pad: 'valid', dilations: 1 } },
    { inputs: dilationInputs, attrs: { strides: 1, pad: 'same', dilations: 2 } },
  ],
  secondOrder: 'zero',
});

const dilationGradientInputs = [
  { shape: [1, 4, 4, 2], distinct: true, constant: true },
  { shape: [2, 2, 2], range: [0, 0.01] as [number, number], constant: true },
  { shape: [1, 4, 4, 2] },
];
const dilationGradientAttrs: DilationAttrs = { strides: 1, pad: 'same', dilations: 1 };

const [dilationInput, dilationFilter] = ['Dilation2DBackpropInput', 'Dilation2DBackpropFilter'].map((kernel) =>
  opSpec<DilationAttrs>({
    kernel,
    run: ([x, filter, dy], attrs) =>
      runKernel(kernel, { x: x as Tensor, filter: filter as Tensor, dy: dy as Tensor }, attrs),
    samples: [{ inputs: dilationGradientInputs, attrs: dilationGradientAttrs }],
    secondOrder: 'zero',
  }),
) as [OpSpec, OpSpec];

export const poolSpecs: readonly OpSpec[] = [
  average,
  averageGradient,
  largest,
  largestGradient,
  largestWithPosition,
  volumeAverage,
  volumeAverageGradient,
  volumeLargest,
  volumeLargestGradient,
  dilation,
  dilationInput,
  dilationFilter,
];
