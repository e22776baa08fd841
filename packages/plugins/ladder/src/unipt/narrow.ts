import { Module, type RandomStream } from '@tapgrad/core';
import { BatchNorm2d, LayerNorm, Linear } from '@tapgrad/nn';
import { relu, type Tensor } from '@tensorflow/tfjs-core';
import { asTokens, ratioOf } from '../base/maps.ts';
import { guidedPool } from './math.ts';

/** `F_i = LN(W_i h_i)`: `[batch, tokens, width]` to `[batch, tokens, k]`. */
export class TokenNarrow extends Module {
  readonly linear: Linear;
  readonly norm: LayerNorm;

  constructor(from: number, to: number, random: RandomStream) {
    super();
    this.linear = new Linear(from, to, { random });
    this.norm = new LayerNorm(to);
  }

  override forward(state: Tensor): Tensor {
    return this.norm.call(this.linear.call(state));
  }
}

/**
 * Of a map: sums of windows, weighted under the guidance of the last map, so that it gets as large as that; then a 1x1
 * convolution (a linear layer on channels) and batch normalisation. The last map itself has nothing to pool.
 */
export class MapNarrow extends Module<[maps: Tensor, last: Tensor]> {
  readonly guide: Linear | undefined;
  readonly linear: Linear;
  readonly norm: BatchNorm2d;

  constructor(
    from: number,
    to: number,
    private readonly options: {
      readonly guideWidth: number | undefined;
      readonly epsilon: number;
      readonly random: RandomStream;
    },
  ) {
    super();
    const { guideWidth, random } = options;
    this.guide = guideWidth === undefined ? undefined : new Linear(guideWidth, from, { random });
    this.linear = new Linear(from, to, { random, bias: false });
    this.norm = new BatchNorm2d(to);
  }

  override forward(maps: Tensor, last: Tensor): Tensor {
    const ratio = ratioOf(maps, last);
    const pooled = this.guide ? guidedPool(maps, relu(this.guide.call(last)), ratio, this.options.epsilon) : maps;
    return asTokens(this.norm.call(this.linear.call(pooled)));
  }
}
