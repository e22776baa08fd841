import { attentionScores, customRule, mergeHeads, runKernelIfAny, splitHeads } from '@tapgrad/core';
import { matMul, mul, softmax, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

interface Attributes {
  readonly heads: number;
  /** Keys and values out of what they are projected from, again. */
  project(from: Tensor): readonly [key: Tensor, value: Tensor];
}

/**
 * Attention of queries `[batch, queries, width]` to keys and values `[batch, tokens, width]` that carry no gradient: one
 * node that keeps `from`, `[batch, tokens, inputWidth]`, and the attention map `[batch, heads, queries, tokens]` instead
 * of keys and values, which are projected again in backward.
 */
export const readAttention = customRule<'q' | 'k' | 'v' | 'from' | 'mask' | 'probabilities', Attributes>({
  name: 'query-tokens.Attention',
  inputs: ['q', 'k', 'v', 'from', 'mask'],
  differentiable: ['q'],
  aux: ['probabilities'],
  forward({ q, k, v, mask }, { heads }) {
    const given = { q: q as Tensor, k: k as Tensor, v: v as Tensor, mask };
    const attrs = { heads, scale: scaleOf(given.q, heads), causal: false };
    const fused = runKernelIfAny('tapgrad.Attention', given, attrs);
    if (fused) return fused;
    const probabilities = softmax(attentionScores(given.q, given.k, { ...attrs, mask }));
    return [mergeHeads(matMul(probabilities, splitHeads(given.v, heads))), probabilities];
  },
  saves: (need) => [need.q && 'from', need.q && 'probabilities'],
  backward: ({ dy, saved, attrs: { heads, project } }) => ({
    q() {
      const [key, value] = project(saved.from);
      const dProbabilities = matMul(splitHeads(dy, heads), splitHeads(value, heads), false, true);
      const along = sum(mul(dProbabilities, saved.probabilities), -1, true);
      const dScores = mul(saved.probabilities, sub(dProbabilities, along));
      return mul(mergeHeads(matMul(dScores, splitHeads(key, heads))), scaleOf(dy, heads));
    },
  }),
});

/** Keys are as wide as values, and as the context. */
function scaleOf(rows: Tensor, heads: number): number {
  return 1 / Math.sqrt((rows.shape.at(-1) as number) / heads);
}
