import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Marks a place behind the end of a text. */
const padding = -1;

/** Lists of token ids as int32 `[batch, longest]`, cut at `limit` and padded with -1; at least one column. */
export function padTokens(lists: readonly (readonly number[])[], limit = Number.POSITIVE_INFINITY): Tensor {
  const longest = Math.max(1, Math.min(limit, Math.max(0, ...lists.map((list) => list.length))));
  const ids = new Int32Array(lists.length * longest).fill(padding);
  for (const [row, list] of lists.entries()) ids.set(list.slice(0, longest), row * longest);
  return tensor(ids, [lists.length, longest], 'int32');
}
