import '@tapgrad/core';
import { type backend_util, conv2d, type Tensor4D } from '@tensorflow/tfjs-core';
import { it } from 'vitest';
import { checkOpSpec } from './check-op-spec.ts';
import { opSpec } from './op-spec.ts';

const explicitChannelsFirst: backend_util.ExplicitPadding = [
  [0, 0],
  [0, 0],
  [1, 0],
  [0, 2],
];

const channelsFirst = opSpec<{ strides: number; pad: 'same' | backend_util.ExplicitPadding; dilations?: number }>({
  kernel: 'Conv2D',
  run: ([x, weights], { strides, pad, dilations = 1 }) =>
    conv2d(x as Tensor4D, weights as Tensor4D, strides, pad, 'NCHW', dilations),
  samples: [
    { inputs: [{ shape: [1, 2, 4, 5] }, { shape: [2, 3, 2, 2] }], attrs: { strides: 1, pad: 'same' } },
    { inputs: [{ shape: [2, 2, 4, 4] }, { shape: [2, 3, 2, 2] }], attrs: { strides: 2, pad: explicitChannelsFirst } },
    { inputs: [{ shape: [1, 2, 4, 5] }, { shape: [2, 3, 2, 2] }], attrs: { strides: 1, pad: 'same', dilations: 2 } },
  ],
});

// Not a row of the table: of tfjs's small backends only cpu computes this layout.
it('a convolution with channels first has a gradient', () => checkOpSpec(channelsFirst));
