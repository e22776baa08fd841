import { Module, type RandomStream } from '@tapgrad/core';
import { BatchNorm2d, Conv2d, chain, GlobalAveragePool, initializers, Linear, MeanPool } from '@tapgrad/nn';
import { cast, div, greater, maximum, relu, reshape, sqrt, square, sum, Tensor } from '@tensorflow/tfjs-core';

export interface AuxiliaryClassifierOptions {
  /** Channels of the images, or width of the tokens or vectors. */
  readonly width: number;
  readonly images: boolean;
  /** Width of the layer before the last. */
  readonly features: number;
  /** Factor of the convolutions' channels. */
  readonly widen: number;
  /** Logits of so many classes; without it, unit vectors of `features` for a contrastive loss. */
  readonly classes: number | undefined;
  readonly random: RandomStream;
}

/** A 3x3 convolution as before batch normalisation. */
export function conv3x3(
  inChannels: number,
  outChannels: number,
  random: RandomStream,
  stride = 1,
  bias = false,
): Conv2d {
  const initializer = initializers.kaimingNormal({ mode: 'out' });
  return new Conv2d(inChannels, outChannels, 3, { stride, padding: 1, bias, initializer, random });
}

/**
 * Guesses the class from inside the network. Images `[batch, height, width, channels]`: two convolutions and two linear
 * layers ("2c2f"), with 2 × channels, at most 64, times `widen`; the first halves the image where it doubles the channels.
 * Tokens `[batch, tokens, width]`: the mean over real tokens and two linear layers. Vectors `[batch, width]`: the layers.
 */
export class AuxiliaryClassifier extends Module<[x: Tensor, mask?: unknown]> {
  readonly conv1: Conv2d | undefined;
  readonly bn1: BatchNorm2d | undefined;
  readonly conv2: Conv2d | undefined;
  readonly bn2: BatchNorm2d | undefined;
  readonly pool: GlobalAveragePool | MeanPool;
  readonly hidden: Linear;
  readonly last: Linear;

  constructor(private readonly options: AuxiliaryClassifierOptions) {
    super();
    const { width, images, features, widen, classes, random } = options;
    const channels = Math.min(2 * width, 64) * widen;
    if (images) {
      this.conv1 = conv3x3(width, channels, random, 2 * width <= 64 ? 2 : 1);
      this.bn1 = new BatchNorm2d(channels);
      this.conv2 = conv3x3(channels, channels, random);
      this.bn2 = new BatchNorm2d(channels);
    }
    this.pool = images ? new GlobalAveragePool() : new MeanPool();
    this.hidden = new Linear(images ? channels : width, features, { random });
    this.last = new Linear(features, classes ?? features, { random });
  }

  /** @param mask what a transformer block adds to its scores, `[batch, 1, 1, tokens]`, where there is padding */
  override forward(x: Tensor, mask?: unknown): Tensor {
    const images = this.conv1 ? [this.conv1, this.bn1, relu, this.conv2, this.bn2, relu] : [];
    const pooled = (value: Tensor) =>
      this.pool instanceof MeanPool ? this.pool.call(value, realTokens(mask, value)) : this.pool.call(value);
    const ending = this.options.classes === undefined ? unit : undefined;
    return chain([...images, x.rank > 2 ? pooled : undefined, this.hidden, relu, this.last, ending], x);
  }
}

/** Scores of real tokens are 0, those of padding far below. */
function realTokens(mask: unknown, { shape: [batch, tokens] }: Tensor): Tensor | undefined {
  if (!(mask instanceof Tensor) || mask.shape.join() !== `${batch},1,1,${tokens}`) return undefined;
  return reshape(cast(greater(mask, -1e3), 'float32'), [batch as number, tokens as number]);
}

function unit(x: Tensor): Tensor {
  return div(x, sqrt(maximum(sum(square(x), -1, true), 1e-12)));
}
