import { cast, greaterEqual, mul, notEqual, reshape, sub, type Tensor } from '@tensorflow/tfjs-core';

/** Enough below any score that softmax gives 0 in float32. */
const unseen = -1e9;

/**
 * 1 for real tokens, 0 for padding: int32 ids `[batch, tokens]` to float32 `[batch, tokens]`.
 * @param paddingId id of the padding token; default: every negative id
 */
export function tokenMask(ids: Tensor, paddingId = -1): Tensor {
  return cast(paddingId < 0 ? greaterEqual(ids, 0) : notEqual(ids, paddingId), 'float32');
}

/** The mask to add to attention scores, `[batch, 1, 1, tokens]`, out of `[batch, tokens]` of 1 (real) and 0 (padding). */
export function paddingMask(mask: Tensor): Tensor {
  const [batch, tokens] = mask.shape as [number, number];
  return reshape(mul(sub(1, mask), unseen), [batch, 1, 1, tokens]);
}
