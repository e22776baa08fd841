import {
  add,
  matMul,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
  tensor,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { scoped } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';
import { sumTo } from '../rules/broadcast.ts';
import { inOrder } from './layer-norm.ts';
import { inSteps, ownOp, runKernelIfAny } from './own-op.ts';

export interface AttentionOptions {
  readonly heads: number;
  /** Added to the scores: `[batch or 1, heads or 1, queries or 1, keys]`. May itself train (relative position bias). */
  readonly mask?: Tensor | undefined;
  /** Query i sees keys up to i + (keys − queries) only. */
  readonly causal?: boolean;
  /** Default: 1 / √(width of one head). */
  readonly scale?: number;
}

interface Attributes {
  readonly heads: number;
  readonly scale: number;
  readonly causal: boolean;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1) of several heads, side by side in the last axis.
 * Saves query, key, value and the attention map `[batch, heads, queries, keys]`.
 * @param query `[batch, queries, width]`
 * @param key `[batch, keys, width]`
 * @param value `[batch, keys, widthOfValues]`
 * @returns `[batch, queries, widthOfValues]`
 * @throws TapgradError SHAPE_MISMATCH
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { heads, mask, causal = false, scale = 1 / Math.sqrt((query.shape.at(-1) ?? 1) / heads) } = options;
  checkShapes(query, key, value, heads);
  return run({ q: query, k: key, v: value, mask }, { heads, scale, causal });
}

const run = ownOp<'q' | 'k' | 'v' | 'mask' | 'probabilities', Attributes>({
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
    const dContext = splitHeads(dy, heads);
    // Each map is let go as soon as the next is made: there are never more than two of them beside the probabilities.
    const dScores = () => {
      // Restored here, from a packed slot say, they outlive each single step.
      const { probabilities } = saved;
      return inSteps(
        dContext,
        (dy) => matMul(dy, splitHeads(saved.v, heads), false, true),
        (dProbabilities) =>
          sub(
            dProbabilities,
            scoped(() => sum(mul(dProbabilities, probabilities), -1, true)),
          ),
        (centred) => mul(probabilities, centred),
      );
    };
    return {
      v: () => mergeHeads(matMul(saved.probabilities, dContext, true, false)),
      q: () => mul(mergeHeads(matMul(dScores(), splitHeads(saved.k, heads))), scale),
      k: () => mul(mergeHeads(matMul(dScores(), splitHeads(saved.q, heads), true, false)), scale),
      mask: () => sumTo(dScores(), shapes.mask),
    };
  },
});

/** `[batch, heads, queries, keys]`: scaled dot products, with mask and causal mask added. */
export function attentionScores(
  query: Tensor,
  key: Tensor,
  { heads, scale, causal, mask }: Attributes & { mask?: Tensor | undefined },
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
