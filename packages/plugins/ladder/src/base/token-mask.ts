import { TapgradError } from '@tapgrad/core';
import { cast, greater, reshape, Tensor, tidy } from '@tensorflow/tfjs-core';

/** Scores of real tokens are 0, those of padding at least this far below. */
const padded = -1e3;

/** 1 for real tokens, 0 for padding, `[batch, tokens]`; undefined if all are real; or why that cannot be told. */
export type TokenMask = Tensor | undefined | TapgradError;

/**
 * Which tokens are real, out of the mask that transformer blocks add to their scores: `[batch or 1, 1, 1, tokens]`, 0 to
 * see, very negative not to.
 */
export function realTokens(blockMask: unknown, batch: number): TokenMask {
  if (blockMask === undefined || blockMask === null) return undefined;
  if (blockMask instanceof Tensor) {
    const [masked, heads, queries, tokens] = blockMask.shape as [number, number, number, number];
    if (blockMask.rank === 4 && heads === 1 && queries === 1 && masked === batch) {
      return tidy(() => reshape(cast(greater(blockMask, padded), 'float32'), [batch, tokens]));
    }
  }
  const found = blockMask instanceof Tensor ? `a tensor [${blockMask.shape}]` : `a value of type ${typeof blockMask}`;
  return new TapgradError({
    code: 'LADDER_MASK',
    message: `the second argument of the first block is ${found}, not a padding mask [batch, 1, 1, tokens]`,
    fix: 'give the option `mask`: a function of the model’s inputs to [batch, tokens] of 1 (real) and 0 (padding)',
  });
}

/** @throws TapgradError LADDER_MASK */
export function needed(mask: TokenMask): Tensor | undefined {
  if (mask instanceof TapgradError) throw mask;
  return mask;
}
