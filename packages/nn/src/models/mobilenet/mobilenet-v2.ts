import { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { chain } from '../../layers/chain.ts';
import { Dropout } from '../../layers/dropout.ts';
import { Linear } from '../../layers/linear.ts';
import type { RandomOption } from '../../layers/options.ts';
import { GlobalAveragePool } from '../../layers/pooling.ts';
import { type ConvNorm, convNorm, InvertedResidual, type MobileNetLayerOptions } from './inverted-residual.ts';

/** Sandler et al. 2018 (arXiv:1801.04381), table 2: expansion, channels, blocks, stride of the first. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
const stemChannels = 32;
const lastChannels = 1280;

export interface MobileNetV2Options extends RandomOption {
  /** Multiplies all channels (rounded to eights); the last layer only grows. Default 1. */
  readonly widthMultiplier?: number;
  /** Default 3. */
  readonly inChannels?: number;
  /** Adds the classifier; without it the model gives features `[batch, 1280]`. */
  readonly classes?: number;
  /** Before the classifier. Default 0.2. */
  readonly dropout?: number;
  /** Of 3x3 convolutions. Default 1, PyTorch's; weights from Keras want `same`. */
  readonly padding?: 1 | 'same';
  /** Of batch normalisation. Default 1e-5, PyTorch's; weights from Keras want 1e-3. */
  readonly epsilon?: number;
}

/**
 * MobileNetV2: images `[batch, height, width, channels]` to logits `[batch, classes]`. Parts are `stem`, the inverted
 * residuals `blocks.*`, `last` (1x1 to 1,280 channels), `pool`, `dropout` and `classifier`.
 */
export class MobileNetV2 extends Module<[images: Tensor]> {
  readonly stem: ConvNorm;
  readonly blocks: readonly InvertedResidual[];
  readonly last: ConvNorm;
  readonly pool = new GlobalAveragePool();
  readonly dropout: Dropout;
  /** May be replaced before the model is attached to a stack. */
  classifier: Linear | undefined;

  constructor(options: MobileNetV2Options = {}) {
    super();
    const { widthMultiplier = 1, inChannels = 3, classes, padding = 1, epsilon = 1e-5, random } = options;
    const layer: MobileNetLayerOptions = { padding, epsilon, random };
    const scaled = (channels: number) => toMultipleOfEight(channels * widthMultiplier);
    let width = scaled(stemChannels);
    this.stem = convNorm(inChannels, width, { kernel: 3, stride: 2 }, layer);
    this.blocks = stages.flatMap(([expansion, channels, count, firstStride]) =>
      Array.from({ length: count }, (_, i) => {
        const stride = i === 0 ? firstStride : 1;
        const outChannels = scaled(channels);
        const block = new InvertedResidual({ ...layer, inChannels: width, outChannels, stride, expansion });
        width = outChannels;
        return block;
      }),
    );
    const features = toMultipleOfEight(lastChannels * Math.max(1, widthMultiplier));
    this.last = convNorm(width, features, {}, layer);
    this.dropout = new Dropout(options.dropout ?? 0.2);
    this.classifier = classes === undefined ? undefined : new Linear(features, classes, { random });
  }

  override forward(images: Tensor): Tensor {
    const head = this.classifier ? [this.dropout, this.classifier] : [];
    return chain([this.stem, ...this.blocks, this.last, this.pool, ...head], images);
  }
}

/** The nearest multiple of 8, at least 8, and never under nine tenths of the number (the paper's code). */
function toMultipleOfEight(channels: number): number {
  const rounded = Math.max(8, Math.floor(channels / 8 + 0.5) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
