import { matMul, softmax, type Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { fromMap } from './attention-from-map.ts';
import { inTiles, runInTiles } from './attention-in-tiles.ts';
import { type AttentionAttributes, attentionScores, mergeHeads, splitHeads } from './attention-scores.ts';
import { inOrder } from './layer-norm.ts';
import { ownOp, runKernelIfAny } from './own-op.ts';

export interface AttentionOptions {
  readonly heads: number;
  /** Added to the scores: `[batch or 1, heads or 1, queries or 1, keys]`. May itself train (relative position bias). */
  readonly mask?: Tensor | undefined;
  /** Query i sees keys up to i + (keys − queries) only. */
  readonly causal?: boolean;
  /** Default: 1 / √(width of one head). */
  readonly scale?: number;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1) of several heads, side by side in the last axis.
 * Saves query, key, value and the attention map `[batch, heads, queries, keys]`. Where the backend has a kernel that goes
 * tile by tile (webgpu) no map is made, unless the mask trains: query, key, value, the result and two numbers a query are saved.
 * @param query `[batch, queries, width]`
 * @param key `[batch, keys, width]`
 * @param value `[batch, keys, widthOfValues]`
 * @returns `[batch, queries, widthOfValues]`
 * @throws TapgradError SHAPE_MISMATCH
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { heads, mask, causal = false, scale = 1 / Math.sqrt((query.shape.at(-1) ?? 1) / heads) } = options;
  checkShapes(query, key, value, heads);
  const inputs = { q: query, k: key, v: value, mask };
  return (inTiles(inputs, heads) ? runInTiles : runWithMap)(inputs, { heads, scale, causal });
}

const runWithMap = ownOp<'q' | 'k' | 'v' | 'mask' | 'probabilities', AttentionAttributes>({
  name: 'tapgrad.Attention',
  inputs: ['q', 'k', 'v', 'mask'],
  aux: ['probabilities'],
  forward({ q, k, v, mask }, { heads, scale, causal }) {
    const probabilities = softmax(attentionScores(q as Tensor, k as Tensor, { heads, scale, causal, mask }));
    return [mergeHeads(matMul(probabilities, splitHeads(v as Tensor, heads))), probabilities];
  },
  saves: (need) => ['probabilities', (need.q || need.k || need.mask) && 'v', need.q && 'k', need.k && 'q'],
  backward({ dy, saved, need, attrs, shapes }) {
    const { heads, scale } = attrs;
    const whole = need.q && need.k && need.v && !need.mask;
    const inputs = () => ({ dy, q: saved.q, k: saved.k, v: saved.v, probabilities: saved.probabilities });
    const flags = { heads, scale, needQ: need.q, needK: need.k, needV: need.v };
    const fused = whole && runKernelIfAny('tapgrad.AttentionGrad', inputs(), flags);
    if (fused) return inOrder(['q', 'k', 'v'], need, fused);
    return fromMap({ dy, heads, scale, mask: shapes.mask, saved, map: () => saved.probabilities });
  },
});

function checkShapes(query: Tensor, key: Tensor, value: Tensor, heads: number): void {
  const [q, k, v] = [query.shape, key.shape, value.shape];
  const fits =
    q.length === 3 &&
    k.length === 3 &&
    v.length === 3 &&
    q[0] === k[0] &&
    k[0] === v[0] &&
    k[1] === v[1] &&
    q[2] === k[2] &&
    (q[2] ?? 0) % heads === 0 &&
    (v[2] ?? 0) % heads === 0;
  if (fits) return;
  throw new TapgradError({
    code: 'SHAPE_MISMATCH',
    message: `attention with ${heads} heads got query [${q}], key [${k}], value [${v}]`,
    op: 'tapgrad.Attention',
    fix: 'pass [batch, queries, width], [batch, keys, width] and [batch, keys, values]; heads must divide both widths',
  });
}
