import {
  add,
  expandDims,
  matMul,
  max,
  mul,
  reshape,
  sigmoid,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from '@tensorflow/tfjs-core';

/** Enough below any feature that a maximum never falls on it. */
const unseen = -1e9;

/**
 * Patches of each clip, pooled under guidance of the words: `max over words of (softmax_P(q W_q · v W_v / √C) v + q)`.
 * R2-Tuning (Liu et al. 2024, arXiv:2404.00801), spatial pooling.
 * @param words q, `[batch, words, width]`
 * @param patches v, `[batch, clips, patches, width]`
 * @param keys v W_v, the same shape
 * @param queries q W_q, the shape of `words`
 * @param seen `[batch, words]` of 1 and 0: words that take part in the maximum; default: all
 * @returns `[batch, clips, width]`
 */
export function spatialPool(words: Tensor, patches: Tensor, queries: Tensor, keys: Tensor, seen?: Tensor): Tensor {
  const [batch, clips, count, width] = patches.shape as [number, number, number, number];
  const length = words.shape[1] as number;
  const scores = matMul(queries, reshape(keys, [batch, clips * count, width]), false, true);
  const perClip = transpose(reshape(mul(scores, 1 / Math.sqrt(width)), [batch, length, clips, count]), [0, 2, 1, 3]);
  const pooled = add(matMul(softmax(perClip), patches), expandDims(words, 1));
  const hidden = seen && reshape(mul(sub(1, seen), unseen), [batch, 1, length, 1]);
  return max(hidden ? add(pooled, hidden) : pooled, 2);
}

/** `e = v_CLS + tanh(s) o`: s is 0 at the start, so that o is switched off. */
export function guided(cls: Tensor, pooled: Tensor, s: Tensor): Tensor {
  return add(cls, mul(pooled, tanh(s)));
}

/** `σ(g) e + (1 − σ(g)) state`: g is 0 at the start, half of each. */
export function recur(e: Tensor, state: Tensor, g: Tensor): Tensor {
  const share = sigmoid(g);
  return add(mul(e, share), mul(state, sub(1, share)));
}

/** Attention pooling: `Σ softmax(scores) x` over words: `[batch, words, width]` and scores `[batch, words, 1]` to `[batch, width]`. */
export function attentionPool(x: Tensor, scores: Tensor, seen?: Tensor): Tensor {
  const [batch, words] = x.shape as [number, number, number];
  const flat = reshape(scores, [batch, words]);
  const shares = softmax(seen ? add(flat, mul(sub(1, seen), unseen)) : flat);
  return sum(mul(x, expandDims(shares, -1)), 1);
}
