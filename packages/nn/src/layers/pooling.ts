import { Module } from '@tapgrad/core';
import {
  avgPool,
  cast,
  div,
  expandDims,
  matMul,
  maximum,
  maxPool,
  mean,
  squeeze,
  sum,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { type Pair, pair } from './options.ts';
import { type Padding, tfjsPadding } from './padding.ts';

/** Mean over height and width: `[batch, height, width, channels]` to `[batch, channels]`. */
export class GlobalAveragePool extends Module {
  override forward(x: Tensor): Tensor {
    return mean(x, [1, 2]);
  }
}

export interface PoolOptions {
  /** Default: the window. */
  readonly stride?: Pair;
  /** Default 0. Padding never wins a maximum and is not counted in a mean. */
  readonly padding?: Padding;
}

/** Largest value of each window: `[batch, height, width, channels]`. */
export class MaxPool2d extends Module {
  constructor(
    readonly window: Pair,
    readonly options: PoolOptions = {},
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const { stride = this.window, padding = 0 } = this.options;
    return maxPool(x as Tensor4D, pair(this.window), pair(stride), tfjsPadding(padding));
  }
}

/** Mean of each window: `[batch, height, width, channels]`. */
export class AvgPool2d extends Module {
  constructor(
    readonly window: Pair,
    readonly options: PoolOptions = {},
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const { stride = this.window, padding = 0 } = this.options;
    return avgPool(x as Tensor4D, pair(this.window), pair(stride), tfjsPadding(padding));
  }
}

/**
 * Mean over the tokens that a mask keeps: `[batch, tokens, width]` to `[batch, width]`.
 * The mask is `[batch, tokens]` of 1 (real) and 0 (padding); without it all tokens count. A row without tokens gives 0.
 */
export class MeanPool extends Module<[x: Tensor, mask?: Tensor | undefined]> {
  override forward(x: Tensor, mask?: Tensor): Tensor {
    if (!mask) return mean(x, 1);
    const kept = cast(mask, 'float32');
    const count = maximum(sum(kept, 1, true), 1);
    // As a matrix product, so that nothing of the size of x is made or saved.
    return squeeze(matMul(expandDims(div(kept, count), 1), x), [1]);
  }
}
