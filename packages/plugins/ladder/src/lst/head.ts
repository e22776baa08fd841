import { Module, type RandomStream } from '@tapgrad/core';
import { type Linear, MeanPool, Linear as NewLinear } from '@tapgrad/nn';
import { reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { projection } from './side-stack.ts';

/** One vector a sample out of `[batch, tokens, width]`: the mean over real tokens, or the first token. */
class TokenPool extends Module<[side: Tensor, mask: Tensor | undefined]> {
  readonly mean = new MeanPool();

  constructor(readonly pooling: 'mean' | 'first') {
    super();
  }

  override forward(side: Tensor, mask: Tensor | undefined): Tensor {
    if (this.pooling === 'mean') return this.mean.call(side, mask);
    const [batch, , width] = side.shape as [number, number, number];
    return reshape(slice(side, [0, 0, 0], [batch, 1, width]), [batch, width]);
  }
}

/** A classifier on the side features: `[batch, tokens, sideWidth]` to logits `[batch, classes]`. */
export class Classifier extends Module<[side: Tensor, mask: Tensor | undefined]> {
  readonly pool: TokenPool;
  readonly linear: Linear;

  constructor(sideWidth: number, classes: number, pooling: 'mean' | 'first', random: RandomStream) {
    super();
    this.pool = new TokenPool(pooling);
    this.linear = new NewLinear(sideWidth, classes, { random });
  }

  override forward(side: Tensor, mask: Tensor | undefined): Tensor {
    return this.linear.call(this.pool.call(side, mask));
  }
}

/** U: brings side features to the width that the backbone's head takes, one vector a token or one a sample. */
export class Upsample extends Module<[side: Tensor, mask: Tensor | undefined, pooled: boolean]> {
  readonly pool: TokenPool;
  readonly linear: Linear;

  constructor(sideWidth: number, width: number, pooling: 'mean' | 'first', random: RandomStream) {
    super();
    this.pool = new TokenPool(pooling);
    this.linear = projection(sideWidth, width, random);
  }

  override forward(side: Tensor, mask: Tensor | undefined, pooled: boolean): Tensor {
    return this.linear.call(pooled ? this.pool.call(side, mask) : side);
  }
}
