import { Module } from '@tapgrad/core';
import { add, pad, relu, stridedSlice, type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { kaimingNormal } from '../../initializers/initializers.ts';
import { BatchNorm2d } from '../../layers/batch-norm-2d.ts';
import { chain, type Link } from '../../layers/chain.ts';
import { Conv2d } from '../../layers/conv-2d.ts';
import type { RandomOption } from '../../layers/options.ts';

export interface ResidualBlockOptions extends RandomOption {
  readonly inChannels: number;
  readonly channels: number;
  readonly stride: number;
  /** How a residual changes shape: a 1x1 convolution (B), or subsampling and zero channels (A, He et al. 2016). */
  readonly shortcut: 'projection' | 'pad';
}

/** A convolution without bias, as before batch normalisation. */
export function conv(
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride: number,
  { random }: RandomOption,
): Conv2d {
  const padding = (kernel - 1) / 2;
  return new Conv2d(inChannels, outChannels, kernel, {
    stride,
    padding,
    bias: false,
    initializer: kaimingNormal({ mode: 'out' }),
    random,
  });
}

abstract class ResidualBlock extends Module {
  /** Convolution and normalisation of the residual, where it changes shape. */
  readonly downsample: readonly [Conv2d, BatchNorm2d] | undefined;

  constructor(
    private readonly options: ResidualBlockOptions,
    private readonly outChannels: number,
  ) {
    super();
    const { inChannels, stride, shortcut } = options;
    const changes = stride !== 1 || inChannels !== outChannels;
    this.downsample =
      changes && shortcut === 'projection'
        ? [conv(inChannels, outChannels, 1, stride, options), new BatchNorm2d(outChannels)]
        : undefined;
  }

  /** Sum of the block's way and its residual, activated. */
  protected joined(x: Tensor, way: readonly Link[]): Tensor {
    // In scopes of their own: neither side of the sum stays while it is activated.
    return relu(tidy(() => add(chain(way, x), this.residual(x))));
  }

  private residual(x: Tensor): Tensor {
    if (this.downsample) return chain(this.downsample, x);
    const { stride, inChannels } = this.options;
    const [batch, height, width] = x.shape as [number, number, number];
    const kept =
      stride === 1 ? x : stridedSlice(x, [0, 0, 0, 0], [batch, height, width, inChannels], [1, stride, stride, 1]);
    const added = this.outChannels - inChannels;
    const before = Math.floor(added / 2);
    return added === 0
      ? kept
      : pad(kept as Tensor4D, [
          [0, 0],
          [0, 0],
          [0, 0],
          [before, added - before],
        ]);
  }
}

/** Two 3x3 convolutions (ResNet-18 and 34). */
export class BasicBlock extends ResidualBlock {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;

  constructor(options: ResidualBlockOptions) {
    super(options, options.channels);
    const { inChannels, channels, stride } = options;
    this.conv1 = conv(inChannels, channels, 3, stride, options);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = conv(channels, channels, 3, 1, options);
    this.bn2 = new BatchNorm2d(channels);
  }

  override forward(x: Tensor): Tensor {
    return this.joined(x, [this.conv1, this.bn1, relu, this.conv2, this.bn2]);
  }
}

/** 1x1 down, 3x3, 1x1 up to four times the channels (ResNet-50 and deeper); the stride is on the 3x3 (v1.5). */
export class Bottleneck extends ResidualBlock {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;

  constructor(options: ResidualBlockOptions) {
    const { inChannels, channels, stride } = options;
    const outChannels = channels * Bottleneck.expansion;
    super(options, outChannels);
    this.conv1 = conv(inChannels, channels, 1, 1, options);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = conv(channels, channels, 3, stride, options);
    this.bn2 = new BatchNorm2d(channels);
    this.conv3 = conv(channels, outChannels, 1, 1, options);
    this.bn3 = new BatchNorm2d(outChannels);
  }

  override forward(x: Tensor): Tensor {
    return this.joined(x, [this.conv1, this.bn1, relu, this.conv2, this.bn2, relu, this.conv3, this.bn3]);
  }
}
