import { add, matMul, mul, reshape, type Tensor, type Tensor4D, tensor, transpose, zeros } from '@tensorflow/tfjs-core';

/** A type, not an interface: it is passed on as a kernel's attributes. */
export type AttentionAttributes = {
  readonly heads: number;
  readonly scale: number;
  readonly causal: boolean;
};

/** `[batch, heads, queries, keys]`: scaled dot products, with mask and causal mask added. */
export function attentionScores(
  query: Tensor,
  key: Tensor,
  { heads, scale, causal, mask }: AttentionAttributes & { mask?: Tensor | undefined },
): Tensor {
  let scores: Tensor = mul(matMul(splitHeads(query, heads), splitHeads(key, heads), false, true), scale);
  if (mask) scores = add(scores, mask);
  return causal ? add(scores, causalMask(query.shape[1] ?? 1, key.shape[1] ?? 1)) : scores;
}

/** `[batch, tokens, width]` to `[batch, heads, tokens, width / heads]`. */
export function splitHeads(x: Tensor, heads: number): Tensor4D {
  const [batch = 1, tokens = 1, width = 1] = x.shape;
  return transpose(reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
}

/** The inverse of `splitHeads`. */
export function mergeHeads(x: Tensor): Tensor {
  const [batch = 1, heads = 1, tokens = 1, width = 1] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * width]);
}

/** Large enough that softmax gives an exact 0 in float32, small enough that nothing overflows. */
const masked = -1e9;

function causalMask(queries: number, keys: number): Tensor {
  if (queries === 1) return zeros([1, keys]);
  const values = new Float32Array(queries * keys);
  for (let i = 0; i < queries; i++) values.fill(masked, i * keys + Math.max(0, i + 1 + keys - queries), (i + 1) * keys);
  return tensor(values, [queries, keys]);
}
