import { add, concat, max, Tensor, tidy, zeros } from '@tensorflow/tfjs-core';

/** A mask that is added to attention scores: `[batch or 1, heads or 1, queries or 1, keys]`. */
type MaskShape = [batch: number, heads: number, queries: number, keys: number];

/** Whether a value is a mask over `keys` keys. */
export function isMaskOver(mask: unknown, keys: number): mask is Tensor {
  return mask instanceof Tensor && mask.rank === 4 && mask.shape[3] === keys;
}

/** The mask with `count` keys in front that every query sees. */
export function withKeysInFront(mask: Tensor, count: number): Tensor {
  const [batch, heads, queries] = mask.shape as MaskShape;
  return tidy(() => concat([zeros([batch, heads, queries, count]), mask], 3));
}

/**
 * The mask with `count` tokens in front that all tokens see, and that see each other and what any token sees: padding
 * remains unseen.
 */
export function withTokensInFront(mask: Tensor, count: number): Tensor {
  const [batch, heads, queries] = mask.shape as MaskShape;
  if (queries === 1) return withKeysInFront(mask, count);
  return tidy(() => {
    const rows = add(zeros([batch, heads, count, 1]), seenByAny(mask));
    return withKeysInFront(concat([rows, mask], 2), count);
  });
}

/** What at least one query sees: `[batch or 1, heads or 1, 1, keys]`. */
export function seenByAny(mask: Tensor): Tensor {
  return mask.shape[2] === 1 ? mask : max(mask, 2, true);
}
