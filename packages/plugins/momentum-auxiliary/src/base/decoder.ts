import { Module, type RandomStream, TapgradError } from '@tapgrad/core';
import { BatchNorm2d, type Conv2d, chain } from '@tapgrad/nn';
import { image as images, relu, reshape, slice, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { conv3x3 } from './auxiliary-classifier.ts';

export interface DecoderOptions {
  /** Channels of what is decoded, or width of the tokens. */
  readonly width: number;
  readonly imageChannels: number;
  /** Factor of the 12 channels between the two convolutions. */
  readonly widen: number;
  /** Bilinear resizing before the first convolution, or before the last; default: `first` up to 64 channels. */
  readonly upsample: 'first' | 'last' | undefined;
  readonly random: RandomStream;
}

/**
 * Draws the model's input from inside the network: logits `[batch, height, width, imageChannels]` of an image in [0, 1].
 * Takes images of any size, or the tokens of a grid of patches, with or without a class token before them.
 */
export class Decoder extends Module<[x: Tensor, size: readonly [number, number]]> {
  readonly conv1: Conv2d;
  readonly bn: BatchNorm2d;
  readonly conv2: Conv2d;

  constructor(private readonly options: DecoderOptions) {
    super();
    const { width, imageChannels, widen, random } = options;
    this.conv1 = conv3x3(width, 12 * widen, random);
    this.bn = new BatchNorm2d(12 * widen);
    this.conv2 = conv3x3(12 * widen, imageChannels, random, 1, true);
  }

  override forward(x: Tensor, size: readonly [number, number]): Tensor {
    const resized = (value: Tensor) => images.resizeBilinear(value as Tensor4D, [...size], true);
    const grid = x.rank === 4 ? undefined : (value: Tensor) => patchGrid(value, size);
    const coarse = [this.conv1, this.bn, relu];
    const { width, upsample = width <= 64 ? 'first' : 'last' } = this.options;
    const links = upsample === 'first' ? [resized, ...coarse] : [...coarse, resized];
    return chain([grid, ...links, this.conv2], x);
  }
}

/** Tokens `[batch, tokens, width]` as the image of patches that they are: `[batch, rows, columns, width]`. */
function patchGrid(tokens: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [batch, count, channels] = tokens.shape as [number, number, number];
  for (const extra of [0, 1]) {
    const rows = Math.sqrt(((count - extra) * height) / width);
    if (tokens.rank !== 3 || !Number.isInteger(rows) || rows === 0 || (count - extra) % rows !== 0) continue;
    const patches = extra === 0 ? tokens : slice(tokens, [0, extra, 0], [batch, count - extra, channels]);
    return reshape(patches, [batch, rows, (count - extra) / rows, channels]);
  }
  throw new TapgradError({
    code: 'LOCAL_PATCHES',
    message: `a value of shape [${tokens.shape}] is no grid of patches of an image of ${height} x ${width}, with or without a class token`,
    fix: 'set `reconstruction: 0`: then nothing is decoded',
  });
}
