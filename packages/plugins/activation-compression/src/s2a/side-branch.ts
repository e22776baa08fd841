import { Module, type RandomStream } from '@tapgrad/core';
import { activation, initializers, Linear } from '@tapgrad/nn';
import { avgPool, image, slice, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import type { Widths } from './block-widths.ts';
import { sideWidth } from './math.ts';
import type { CheckedSidePathOptions } from './options.ts';

/**
 * s(x) = Up(φ(Down(pool(x)))), beside one block: `[batch, tokens, in]` to the last tokens of `[batch, tokens', out]`, or
 * maps `[batch, height, width, in]`, averaged first, to `[batch, height', width', out]`. Up begins at zero.
 */
export class SideBranch extends Module<[x: Tensor, like: Tensor]> {
  readonly down: Linear;
  readonly activation: Module;
  readonly up: Linear;
  private readonly pool: number;

  constructor([input, output]: Widths, options: CheckedSidePathOptions, random: RandomStream) {
    super();
    const inner = sideWidth(input, options.reduction);
    this.pool = options.pool;
    this.down = new Linear(input, inner, { random });
    this.activation = activation(options.activation);
    this.up = new Linear(inner, output, { initializer: initializers.zeros });
  }

  /** @param like what the branch is added to: says how many tokens there are, or how large the maps are */
  override forward(x: Tensor, like: Tensor): Tensor {
    if (x.rank !== 4) return lastTokens(this.narrow(x), like);
    const { pool } = this;
    // Whatever the branch keeps, it keeps at the lower resolution.
    const made = this.narrow(pool === 1 ? x : avgPool(x as Tensor4D, pool, pool, 'same'));
    const [, height, width] = like.shape as [number, number, number, number];
    if (made.shape[1] === height && made.shape[2] === width) return made;
    return image.resizeNearestNeighbor(made as Tensor4D, [height, width]);
  }

  private narrow(x: Tensor): Tensor {
    return this.up.call(this.activation.call(this.down.call(x)));
  }
}

/** Inserted tokens stand in front. The whole input goes through the branch: the block keeps that, and not a part of it. */
function lastTokens(made: Tensor, like: Tensor): Tensor {
  const inserted = made.rank === 3 ? (made.shape[1] as number) - (like.shape[1] as number) : 0;
  return inserted > 0 ? slice(made, [0, inserted, 0]) : made;
}
