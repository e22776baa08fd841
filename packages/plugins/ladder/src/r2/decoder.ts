import { attention, currentRandom, dropout, Module, type RandomStream } from '@tapgrad/core';
import { FeedForward, initializers, LayerNorm, Linear, sinusoidalPositions } from '@tapgrad/nn';
import { add, mul, ones, reshape, type Tensor, tensor } from '@tensorflow/tfjs-core';

interface DecoderOptions {
  readonly width: number;
  readonly heads: number;
  readonly ratio: number;
  readonly dropPath: number;
  readonly random: RandomStream;
}

/** Multi-head attention whose query, key and value are given apart, since positions are added to some of them only. */
class Attention extends Module<[query: Tensor, key: Tensor, value: Tensor, mask: Tensor | undefined]> {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;

  constructor(
    width: number,
    private readonly heads: number,
    random: RandomStream,
  ) {
    super();
    const linear = () => new Linear(width, width, { random, initializer: initializers.xavierUniform() });
    this.query = linear();
    this.key = linear();
    this.value = linear();
    this.output = linear();
  }

  override forward(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | undefined): Tensor {
    const { heads } = this;
    return this.output.call(
      attention(this.query.call(query), this.key.call(key), this.value.call(value), { heads, mask }),
    );
  }
}

/** In training leaves its input out, sample by sample; the others count for more. */
class DropPath extends Module {
  constructor(readonly rate: number) {
    super();
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.rate === 0) return x;
    const kept = dropout(ones([x.shape[0] as number]), this.rate, currentRandom(this.path));
    return mul(x, reshape(kept, [-1, 1, 1]));
  }
}

/**
 * One post-norm decoder layer over clips, in the order cross-attention to the words, self-attention, feed-forward:
 * `[batch, clips, width]` and `[batch, words, width]` to `[batch, clips, width]`. Sinusoidal positions are added to what asks,
 * and in self-attention to the keys.
 */
export class TemporalDecoder extends Module<
  [clips: Tensor, words: Tensor, wordMask: Tensor | undefined, clipMask: Tensor | undefined]
> {
  readonly cross: Attention;
  readonly norm1: LayerNorm;
  readonly self: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: FeedForward;
  readonly norm3: LayerNorm;
  readonly dropPath: DropPath;

  constructor({ width, heads, ratio, dropPath, random }: DecoderOptions) {
    super();
    this.cross = new Attention(width, heads, random);
    this.self = new Attention(width, heads, random);
    this.mlp = new FeedForward({
      width,
      hidden: ratio * width,
      activation: 'relu',
      random,
      initializer: initializers.kaimingNormal(),
    });
    this.norm1 = new LayerNorm(width);
    this.norm2 = new LayerNorm(width);
    this.norm3 = new LayerNorm(width);
    this.dropPath = new DropPath(dropPath);
  }

  override forward(clips: Tensor, words: Tensor, wordMask: Tensor | undefined, clipMask: Tensor | undefined): Tensor {
    const [, count, width] = clips.shape as [number, number, number];
    const positions = tensor(sinusoidalPositions(count, width), [1, count, width]);
    const after = (x: Tensor, part: Tensor, norm: LayerNorm) => norm.call(add(x, this.dropPath.call(part)));
    const crossed = after(clips, this.cross.call(add(clips, positions), words, words, wordMask), this.norm1);
    const placed = add(crossed, positions);
    const mixed = after(crossed, this.self.call(placed, placed, crossed, clipMask), this.norm2);
    return after(mixed, this.mlp.call(mixed), this.norm3);
  }
}
