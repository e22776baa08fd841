import {
  concat,
  div,
  exp,
  getBackend,
  getKernel,
  matMul,
  max,
  split,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { tapesTracking } from '../tape/recorder.ts';
import { fromMap } from './attention-from-map.ts';
import { type AttentionAttributes, attentionScores, mergeHeads, splitHeads } from './attention-scores.ts';
import { inOrder } from './layer-norm.ts';
import { inSteps, ownOp, runKernelIfAny } from './own-op.ts';

const kernel = 'tapgrad.FlashAttention';
/** Of one head: what goes through a tile is added up in registers. */
const widest = 256;

interface Inputs {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mask?: Tensor | undefined;
}

/** Whether the backend's kernel makes attention tile by tile; a mask that trains needs the whole map for its gradient. */
export function inTiles({ q, k, v, mask }: Inputs, heads: number): boolean {
  if (!getKernel(kernel, getBackend())) return false;
  const width = Math.max(q.shape.at(-1) ?? 0, v.shape.at(-1) ?? 0) / heads;
  return width <= widest && k.shape[1] !== 0 && !(mask && tapesTracking({ mask }).length > 0);
}

/**
 * Attention of which the map is never stored (FlashAttention, Dao et al. 2022, arXiv:2205.14135). Saves query, key, value, the
 * result and, of each query, its largest score and the sum of its exponentials: `[batch, heads, queries, 2]`. Two numbers in
 * place of their log-sum-exp, which would lose the sum beside the score of a key that is masked by a large number.
 */
export const runInTiles = ownOp<'q' | 'k' | 'v' | 'mask' | 'statistics', AttentionAttributes>({
  name: 'tapgrad.Attention',
  kernel,
  inputs: ['q', 'k', 'v', 'mask'],
  differentiable: ['q', 'k', 'v'],
  aux: ['statistics'],
  forward({ q, k, v, mask }, attrs) {
    const scores = attentionScores(q as Tensor, k as Tensor, { ...attrs, mask });
    const largest = max(scores, -1, true);
    const exponentials = exp(sub(scores, largest));
    const total = sum(exponentials, -1, true);
    const context = mergeHeads(matMul(div(exponentials, total), splitHeads(v as Tensor, attrs.heads)));
    return [context, concat([largest, total], -1)];
  },
  saves: (need, { shapes }) => [
    'q',
    'k',
    'statistics',
    (need.q || need.k) && 'v',
    (need.q || need.k) && 'y',
    shapes.mask && 'mask',
  ],
  backward({ dy, saved, need, attrs, shapes }) {
    const mask = shapes.mask && saved.mask;
    // Without a gradient for query or key the kernel needs neither value nor result.
    const scored = need.q || need.k;
    const { q, k, statistics } = saved;
    const inputs = { dy, q, k, v: scored ? saved.v : undefined, y: scored ? saved.y : undefined, statistics, mask };
    const flags = { ...attrs, needQ: need.q, needK: need.k, needV: need.v };
    const fused = runKernelIfAny('tapgrad.FlashAttentionGrad', inputs, flags);
    if (fused) return inOrder(['q', 'k', 'v'], need, fused);
    const map = () => probabilities(attentionScores(q, k, { ...attrs, mask }), statistics);
    const { mask: _, ...gradients } = fromMap({ ...attrs, dy, mask: [], saved, map });
    return gradients;
  },
});

function probabilities(scores: Tensor, statistics: Tensor): Tensor {
  const [largest, total] = split(statistics, 2, -1) as [Tensor, Tensor];
  return inSteps(
    scores,
    (s) => sub(s, largest),
    exp,
    (e) => div(e, total),
  );
}
