import { fused, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { type InputSpec, type OpSpec, opSpec } from '../op-spec.ts';

type Activation = 'linear' | 'relu' | 'relu6' | 'elu' | 'prelu' | 'leakyrelu' | 'sigmoid';

interface FusedAttrs {
  readonly strides: number;
  readonly pad: 'same' | 'valid' | number;
  readonly dilations?: number;
  readonly activation?: Activation;
  readonly leakyreluAlpha?: number;
  /** No bias is given. */
  readonly plain?: boolean;
}

const activations: readonly FusedAttrs[] = [
  { strides: 1, pad: 'same' },
  { strides: 2, pad: 'valid', activation: 'relu' },
  { strides: 1, pad: 1, activation: 'relu6' },
  { strides: 1, pad: 'valid', dilations: 2, activation: 'sigmoid' },
  { strides: 1, pad: 'valid', activation: 'elu' },
  { strides: 1, pad: 'same', activation: 'leakyrelu', leakyreluAlpha: 0.3 },
  { strides: 1, pad: 'same', activation: 'leakyrelu', leakyreluAlpha: -0.3 },
  { strides: 1, pad: 'same', activation: 'prelu' },
];

function samples(filter: readonly number[], channels: number) {
  const image = { shape: [1, 4, 4, 2] };
  const inputs: InputSpec[] = [image, { shape: filter }, { shape: [channels] }];
  return [
    { inputs: [image, { shape: filter }], attrs: { strides: 1, pad: 'same' as const, plain: true } },
    ...activations.map((attrs) => ({
      inputs: attrs.activation === 'prelu' ? [...inputs, { shape: [channels] }] : inputs,
      attrs,
    })),
  ];
}

function options([x, filter, bias, slopes]: readonly Tensor[], attrs: FusedAttrs) {
  const { strides, pad, dilations = 1, activation = 'linear', leakyreluAlpha, plain } = attrs;
  return {
    x: x as Tensor4D,
    filter: filter as Tensor4D,
    strides,
    pad,
    dilations,
    activation,
    ...(plain ? {} : { bias: bias as Tensor }),
    ...(slopes ? { preluActivationWeights: slopes } : {}),
    ...(leakyreluAlpha === undefined ? {} : { leakyreluAlpha }),
  };
}

const conv = opSpec<FusedAttrs>({
  kernel: 'FusedConv2D',
  run: (inputs, attrs) => fused.conv2d(options(inputs, attrs)),
  samples: samples([2, 2, 2, 2], 2),
});

const depthwise = opSpec<FusedAttrs>({
  kernel: 'FusedDepthwiseConv2D',
  run: (inputs, attrs) => fused.depthwiseConv2d(options(inputs, attrs)),
  samples: samples([2, 2, 2, 2], 4),
});

export const fusedConvSpecs: readonly OpSpec[] = [conv, depthwise];
