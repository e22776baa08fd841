import {
  type backend_util,
  conv2d,
  conv3d,
  depthwiseConv2d,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
} from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import { runKernel } from './run-kernel.ts';

type Padding = 'same' | 'valid' | number | backend_util.ExplicitPadding;

interface ConvAttrs {
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface Conv3DAttrs {
  readonly strides: number | [number, number, number];
  readonly pad: 'same' | 'valid';
  readonly dilations?: number | [number, number, number];
}

const explicit: backend_util.ExplicitPadding = [
  [0, 0],
  [1, 0],
  [2, 1],
  [0, 0],
];

const image = { shape: [1, 4, 5, 2] };
const filter = { shape: [2, 3, 2, 2] };

const conv = opSpec<ConvAttrs>({
  kernel: 'Conv2D',
  run: ([x, weights], { strides, pad, dataFormat = 'NHWC', dilations = 1, dimRoundingMode }) =>
    conv2d(x as Tensor4D, weights as Tensor4D, strides, pad, dataFormat, dilations, dimRoundingMode),
  samples: [
    { inputs: [{ shape: [2, 3, 3, 2] }, { shape: [1, 1, 2, 3] }], attrs: { strides: 1, pad: 'valid' } },
    { inputs: [image, filter], attrs: { strides: 1, pad: 'same' } },
    { inputs: [image, filter], attrs: { strides: [2, 1], pad: 'valid' } },
    { inputs: [image, filter], attrs: { strides: 2, pad: 'same' } },
    { inputs: [image, filter], attrs: { strides: 2, pad: 1 } },
    { inputs: [image, filter], attrs: { strides: 2, pad: 1, dimRoundingMode: 'floor' } },
    { inputs: [image, filter], attrs: { strides: 1, pad: explicit } },
    { inputs: [image, filter], attrs: { strides: 1, pad: 'same', dilations: 2 } },
    {
      inputs: [{ shape: [1, 5, 5, 1] }, { shape: [2, 2, 1, 2] }],
      attrs: { strides: 1, pad: 'valid', dilations: [2, 3] },
    },
    { inputs: [{ shape: [1, 5, 5, 1] }, { shape: [2, 2, 1, 2] }], attrs: { strides: 1, pad: 2, dilations: [3, 1] } },
  ],
  fuzz(random) {
    const [height, width] = [random.integer(3, 5), random.integer(3, 5)];
    const [from, to] = [random.integer(1, 3), random.integer(1, 3)];
    const dilated = random.pick([true, false]);
    return {
      inputs: [
        { shape: [random.integer(1, 2), height, width, from] },
        { shape: [random.integer(1, 3), random.integer(1, 3), from, to] },
      ],
      attrs: {
        strides: dilated ? 1 : [random.integer(1, 3), random.integer(1, 3)],
        pad: random.pick<Padding>(['same', 'valid', 1]),
        dilations: dilated
          ? random.pick<[number, number]>([
              [2, 1],
              [1, 2],
            ])
          : 1,
      },
    };
  },
  errors: [
    { inputs: [image, { shape: [2, 2, 3, 1] }], attrs: { strides: 1, pad: 'same' }, message: /depth of input/ },
    {
      inputs: [image, filter],
      attrs: { strides: 2, pad: 'same', dilations: 2 },
      message: /strides or dilations must be 1/,
    },
  ],
});

interface BackwardAttrs {
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly inputShape?: number[];
  readonly filterShape?: number[];
}

const convInput = opSpec<BackwardAttrs>({
  kernel: 'Conv2DBackpropInput',
  run: ([dy, weights], attrs) =>
    runKernel('Conv2DBackpropInput', { dy: dy as Tensor, filter: weights as Tensor }, { ...attrs, dataFormat: 'NHWC' }),
  samples: [
    { inputs: [{ shape: [1, 4, 5, 2] }, filter], attrs: { strides: 1, pad: 'same', inputShape: [1, 4, 5, 2] } },
    { inputs: [{ shape: [1, 2, 3, 2] }, filter], attrs: { strides: 2, pad: 'same', inputShape: [1, 4, 5, 2] } },
    { inputs: [{ shape: [1, 4, 6, 2] }, filter], attrs: { strides: 1, pad: explicit, inputShape: [1, 4, 5, 2] } },
  ],
});

const convFilter = opSpec<BackwardAttrs>({
  kernel: 'Conv2DBackpropFilter',
  run: ([x, dy], attrs) =>
    runKernel('Conv2DBackpropFilter', { x: x as Tensor, dy: dy as Tensor }, { ...attrs, dataFormat: 'NHWC' }),
  samples: [
    { inputs: [image, { shape: [1, 4, 5, 2] }], attrs: { strides: 1, pad: 'same', filterShape: [2, 3, 2, 2] } },
    { inputs: [image, { shape: [1, 2, 3, 2] }], attrs: { strides: 2, pad: 'same', filterShape: [2, 3, 2, 2] } },
    { inputs: [image, { shape: [1, 4, 6, 2] }], attrs: { strides: 1, pad: explicit, filterShape: [2, 3, 2, 2] } },
  ],
});

const depthwiseFilter = { shape: [2, 3, 2, 2] };

const depthwise = opSpec<ConvAttrs>({
  kernel: 'DepthwiseConv2dNative',
  run: ([x, weights], { strides, pad, dilations = 1, dimRoundingMode }) =>
    depthwiseConv2d(x as Tensor4D, weights as Tensor4D, strides, pad, 'NHWC', dilations, dimRoundingMode),
  samples: [
    { inputs: [image, { shape: [3, 3, 2, 1] }], attrs: { strides: 1, pad: 'same' } },
    { inputs: [image, depthwiseFilter], attrs: { strides: 1, pad: 'valid' } },
    { inputs: [image, depthwiseFilter], attrs: { strides: [2, 2], pad: 'same' } },
    { inputs: [image, depthwiseFilter], attrs: { strides: 2, pad: 1 } },
    { inputs: [image, depthwiseFilter], attrs: { strides: 1, pad: explicit } },
    { inputs: [image, depthwiseFilter], attrs: { strides: 1, pad: 'same', dilations: 2 } },
    {
      inputs: [{ shape: [1, 5, 5, 1] }, { shape: [2, 2, 1, 3] }],
      attrs: { strides: 1, pad: 'valid', dilations: [2, 3] },
    },
  ],
  fuzz(random) {
    const channels = random.integer(1, 3);
    return {
      inputs: [
        { shape: [random.integer(1, 2), random.integer(3, 5), random.integer(3, 5), channels] },
        { shape: [random.integer(1, 3), random.integer(1, 3), channels, random.integer(1, 3)] },
      ],
      attrs: { strides: random.integer(1, 2), pad: random.pick<Padding>(['same', 'valid', 1]) },
    };
  },
  errors: [
    {
      inputs: [image, { shape: [2, 2, 3, 1] }],
      attrs: { strides: 1, pad: 'same' },
      message: /number of input channels/,
    },
  ],
});

const depthwiseInput = opSpec<BackwardAttrs>({
  kernel: 'DepthwiseConv2dNativeBackpropInput',
  run: ([dy, weights], attrs) => {
    const inputs = { dy: dy as Tensor, filter: weights as Tensor };
    return runKernel('DepthwiseConv2dNativeBackpropInput', inputs, { ...attrs, dilations: 1 });
  },
  samples: [
    {
      inputs: [{ shape: [1, 4, 5, 4] }, depthwiseFilter],
      attrs: { strides: 1, pad: 'same', inputShape: [1, 4, 5, 2] },
    },
    {
      inputs: [{ shape: [1, 2, 3, 4] }, depthwiseFilter],
      attrs: { strides: 2, pad: 'same', inputShape: [1, 4, 5, 2] },
    },
  ],
});

const depthwiseFilterGradient = opSpec<BackwardAttrs>({
  kernel: 'DepthwiseConv2dNativeBackpropFilter',
  run: ([x, dy], attrs) => {
    const inputs = { x: x as Tensor, dy: dy as Tensor };
    return runKernel('DepthwiseConv2dNativeBackpropFilter', inputs, { ...attrs, dilations: 1 });
  },
  samples: [
    { inputs: [image, { shape: [1, 4, 5, 4] }], attrs: { strides: 1, pad: 'same', filterShape: [2, 3, 2, 2] } },
    { inputs: [image, { shape: [1, 2, 3, 4] }], attrs: { strides: 2, pad: 'same', filterShape: [2, 3, 2, 2] } },
  ],
});

const volume = { shape: [1, 3, 3, 4, 1] };
const filter3d = { shape: [2, 1, 2, 1, 2] };

const volumeConv = opSpec<Conv3DAttrs>({
  kernel: 'Conv3D',
  run: ([x, weights], { strides, pad, dilations = 1 }) =>
    conv3d(x as Tensor5D, weights as Tensor5D, strides, pad, 'NDHWC', dilations),
  samples: [
    { inputs: [volume, filter3d], attrs: { strides: 1, pad: 'valid' } },
    { inputs: [volume, filter3d], attrs: { strides: [1, 2, 2], pad: 'same' } },
    { inputs: [volume, filter3d], attrs: { strides: 1, pad: 'valid', dilations: [2, 1, 3] } },
  ],
  errors: [
    { inputs: [volume, { shape: [1, 1, 1, 2, 1] }], attrs: { strides: 1, pad: 'same' }, message: /depth of input/ },
  ],
});

const volumeInput = opSpec<BackwardAttrs>({
  kernel: 'Conv3DBackpropInputV2',
  run: ([dy, weights], attrs) =>
    runKernel('Conv3DBackpropInputV2', { dy: dy as Tensor, filter: weights as Tensor }, attrs),
  samples: [
    {
      inputs: [{ shape: [1, 2, 3, 3, 2] }, filter3d],
      attrs: { strides: 1, pad: 'valid', inputShape: [1, 3, 3, 4, 1] },
    },
  ],
});

const volumeFilter = opSpec<BackwardAttrs>({
  kernel: 'Conv3DBackpropFilterV2',
  run: ([x, dy], attrs) => runKernel('Conv3DBackpropFilterV2', { x: x as Tensor, dy: dy as Tensor }, attrs),
  samples: [
    { inputs: [volume, { shape: [1, 2, 3, 3, 2] }], attrs: { strides: 1, pad: 'valid', filterShape: [2, 1, 2, 1, 2] } },
  ],
});

export const convSpecs: readonly OpSpec[] = [
  conv,
  convInput,
  convFilter,
  depthwise,
  depthwiseInput,
  depthwiseFilterGradient,
  volumeConv,
  volumeInput,
  volumeFilter,
];
