import { attentionScores, mergeHeads, splitHeads } from '@tapgrad/core';
import { add, concat, logSumExp, matMul, mul, sigmoid, softmax, sub, type Tensor, zeros } from '@tensorflow/tfjs-core';

/** `[count, width]` in front of the keys or values of every sample, `[batch, tokens, width]`. */
export function prefixed(prefix: Tensor, x: Tensor): Tensor {
  return concat([add(zeros([x.shape[0] as number, 1, 1]), prefix), x], 1);
}

export interface PrefixAttention {
  /** `[batch, queries, width]` */
  readonly query: Tensor;
  /** `[batch, tokens, width]` */
  readonly key: Tensor;
  readonly value: Tensor;
  /** `[count, width]` */
  readonly prefixKey: Tensor;
  readonly prefixValue: Tensor;
  readonly heads: number;
  /** Added to the scores of the tokens. */
  readonly mask?: Tensor | undefined;
}

/**
 * What attention with a prefix is (He et al. 2022, arXiv:2110.04366, eq. 7): (1 − λ) softmax(q Kᵀ) V + λ softmax(q P_kᵀ) P_v
 * with the gate λ = Σ exp(q P_kᵀ) / (Σ exp(q P_kᵀ) + Σ exp(q Kᵀ)), for each head and query. The plugin concatenates,
 * which is the same.
 * @returns `[batch, queries, width]`
 */
export function gatedPrefix({ query, key, value, prefixKey, prefixValue, heads, mask }: PrefixAttention): Tensor {
  const batch = query.shape[0] as number;
  const options = { heads, scale: 1 / Math.sqrt((query.shape[2] as number) / heads), causal: false };
  const [ownKey, ownValue] = [prefixKey, prefixValue].map((each) => add(zeros([batch, 1, 1]), each)) as [
    Tensor,
    Tensor,
  ];
  const scores = attentionScores(query, key, { ...options, mask });
  const prefixScores = attentionScores(query, ownKey, options);
  const gate = sigmoid(sub(logSumExp(prefixScores, -1, true), logSumExp(scores, -1, true)));
  const own = matMul(softmax(scores), splitHeads(value, heads));
  const delta = matMul(softmax(prefixScores), splitHeads(ownValue, heads));
  return mergeHeads(add(mul(sub(1, gate), own), mul(gate, delta)));
}
