import { Module, type Parameter } from '@tapgrad/core';
import { add, conv2d, depthwiseConv2d, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { depthwiseFans } from '../initializers/fans.ts';
import { type Initializer, kaimingUniform, uniform, zeros } from '../initializers/initializers.ts';
import { checkSizes, type Pair, pair, type RandomOption } from './options.ts';
import { type Padding, tfjsPadding } from './padding.ts';

export interface ConvOptions extends RandomOption {
  /** Default 1. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
  /** Default 1. */
  readonly dilation?: Pair;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: uniform in ±1/√fan (PyTorch's). */
  readonly initializer?: Initializer;
}

/** Uniform in ±1/√fan. */
const defaultInitializer = kaimingUniform({ gain: 1 / Math.sqrt(3) });

/**
 * Convolution of images in tfjs's layout: `[batch, height, width, in]` to `[batch, height', width', out]`.
 * The weight is `[kernelHeight, kernelWidth, in, out]`.
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly kernel: Pair,
    private readonly options: ConvOptions = {},
  ) {
    super();
    const [height, width] = pair(kernel);
    checkSizes('Conv2d', { inChannels, outChannels, height, width });
    this.weight = initialParameter(
      [height, width, inChannels, outChannels],
      options.initializer ?? defaultInitializer,
      options.random,
    );
    this.bias = options.bias === false ? undefined : initialBias(outChannels, height * width * inChannels, options);
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 0, dilation = 1 } = this.options;
    const weight = this.weight.read() as Tensor4D;
    const y = conv2d(x as Tensor4D, weight, pair(stride), tfjsPadding(padding), 'NHWC', pair(dilation));
    return this.bias ? add(y, this.bias.read()) : y;
  }
}

/**
 * One filter (or `multiplier` of them) for each channel by itself: `[batch, height, width, channels]` to
 * `[batch, height', width', channels * multiplier]`. The weight is `[kernelHeight, kernelWidth, channels, multiplier]`.
 */
export class DepthwiseConv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(
    readonly channels: number,
    readonly kernel: Pair,
    private readonly options: ConvOptions & { readonly multiplier?: number } = {},
  ) {
    super();
    const [height, width] = pair(kernel);
    const { multiplier = 1, initializer = defaultInitializer, random } = options;
    checkSizes('DepthwiseConv2d', { channels, height, width, multiplier });
    const shape = [height, width, channels, multiplier];
    this.weight = initialParameter(shape, initializer, random, depthwiseFans(shape));
    this.bias = options.bias === false ? undefined : initialBias(channels * multiplier, height * width, options);
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 0, dilation = 1 } = this.options;
    const weight = this.weight.read() as Tensor4D;
    const y = depthwiseConv2d(x as Tensor4D, weight, pair(stride), tfjsPadding(padding), 'NHWC', pair(dilation));
    return this.bias ? add(y, this.bias.read()) : y;
  }
}

function initialBias(size: number, fan: number, { initializer, random }: ConvOptions): Parameter {
  const bound = 1 / Math.sqrt(fan);
  return initialParameter([size], initializer ? zeros : uniform(-bound, bound), random);
}
