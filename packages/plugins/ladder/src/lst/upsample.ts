import { Module, type RandomStream } from '@tapgrad/core';
import type { Linear } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Pooling, TokenPool } from '../base/head.ts';
import { projection } from './side-stack.ts';

/** U: brings side features to the width that the backbone's head takes, one vector a token or one a sample. */
export class Upsample extends Module<[side: Tensor, mask: Tensor | undefined, pooled: boolean]> {
  readonly pool: TokenPool;
  readonly linear: Linear;

  constructor(sideWidth: number, width: number, pooling: Pooling, random: RandomStream) {
    super();
    this.pool = new TokenPool(pooling);
    this.linear = projection(sideWidth, width, random);
  }

  override forward(side: Tensor, mask: Tensor | undefined, pooled: boolean): Tensor {
    return this.linear.call(pooled ? this.pool.call(side, mask) : side);
  }
}
