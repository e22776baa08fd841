import { cast, greaterEqual, mul, reshape, sub, type Tensor } from '@tensorflow/tfjs-core';

/** Enough below any score that softmax gives 0 in float32. */
const unseen = -1e9;

/** 1 for real tokens, 0 for padding (a negative id): int32 ids `[batch, tokens]` to float32 `[batch, tokens]`. */
export function tokenMask(ids: Tensor): Tensor {
  return cast(greaterEqual(ids, 0), 'float32');
}

/** The mask to add to attention scores, `[batch, 1, 1, tokens]`, out of `[batch, tokens]` of 1 (real) and 0 (padding). */
export function paddingMask(mask: Tensor): Tensor {
  const [batch, tokens] = mask.shape as [number, number];
  return reshape(mul(sub(1, mask), unseen), [batch, 1, 1, tokens]);
}
