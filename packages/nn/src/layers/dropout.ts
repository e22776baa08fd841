import { currentRandom, dropout, Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Inverted dropout (Srivastava et al. 2014): in training each element is 0 with probability `rate`, the others are
 * divided by `1 - rate`; in evaluation the input passes. The mask comes from the stream of this module's path.
 */
export class Dropout extends Module {
  constructor(readonly rate = 0.5) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.rate > 0 ? dropout(x, this.rate, currentRandom(this.path)) : x;
  }
}
