import { Module } from '@tapgrad/core';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { depthwiseFans } from '../../initializers/fans.ts';
import { type Initializer, kaimingNormal } from '../../initializers/initializers.ts';
import { Identity, ReLU6 } from '../../layers/activations.ts';
import { BatchNorm2d } from '../../layers/batch-norm-2d.ts';
import { chain } from '../../layers/chain.ts';
import { Conv2d, DepthwiseConv2d } from '../../layers/conv-2d.ts';
import type { RandomOption } from '../../layers/options.ts';

export interface MobileNetLayerOptions extends RandomOption {
  /** Of 3x3 convolutions: one pixel on each side (PyTorch) or TensorFlow's `same`, which pads the far side first. */
  readonly padding: 1 | 'same';
  /** Of batch normalisation. */
  readonly epsilon: number;
}

/** Convolution, batch normalisation, ReLU6 (none if linear). */
export class ConvNorm extends Module {
  readonly conv: Conv2d | DepthwiseConv2d;
  readonly norm: BatchNorm2d;
  readonly activation: Module;

  constructor(
    convolution: Conv2d | DepthwiseConv2d,
    channels: number,
    linear: boolean,
    { epsilon }: MobileNetLayerOptions,
  ) {
    super();
    this.conv = convolution;
    this.norm = new BatchNorm2d(channels, { epsilon });
    this.activation = linear ? new Identity() : new ReLU6();
  }

  override forward(x: Tensor): Tensor {
    return chain([this.conv, this.norm, this.activation], x);
  }
}

const initializer: Initializer = kaimingNormal({ mode: 'out' });
const depthwiseInitializer: Initializer = (shape, random) => initializer(shape, random, depthwiseFans(shape));

export function convNorm(
  inChannels: number,
  outChannels: number,
  { kernel = 1, stride = 1, linear = false }: { kernel?: number; stride?: number; linear?: boolean },
  options: MobileNetLayerOptions,
): ConvNorm {
  const padding = kernel === 1 ? 0 : options.padding;
  const made = new Conv2d(inChannels, outChannels, kernel, {
    stride,
    padding,
    bias: false,
    initializer,
    random: options.random,
  });
  return new ConvNorm(made, outChannels, linear, options);
}

export interface InvertedResidualOptions extends MobileNetLayerOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  /** How many times wider the middle is than the input. */
  readonly expansion: number;
}

/** Expand (1x1), filter each channel (3x3), project (1x1, linear), with a residual where shapes allow (Sandler et al. 2018). */
export class InvertedResidual extends Module {
  readonly expand: ConvNorm | undefined;
  readonly depthwise: ConvNorm;
  readonly project: ConvNorm;
  private readonly residual: boolean;

  constructor(options: InvertedResidualOptions) {
    super();
    const { inChannels, outChannels, stride, expansion, padding, random } = options;
    const hidden = inChannels * expansion;
    this.expand = expansion === 1 ? undefined : convNorm(inChannels, hidden, {}, options);
    const filter = new DepthwiseConv2d(hidden, 3, {
      stride,
      padding,
      bias: false,
      initializer: depthwiseInitializer,
      random,
    });
    this.depthwise = new ConvNorm(filter, hidden, false, options);
    this.project = convNorm(hidden, outChannels, { linear: true }, options);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor): Tensor {
    const y = chain([this.expand, this.depthwise, this.project], x);
    return this.residual ? add(x, y) : y;
  }
}
