import {
  abs,
  add,
  cast,
  div,
  exp,
  expandDims,
  eye,
  lessEqual,
  log,
  logSoftmax,
  logSumExp,
  matMul,
  maximum,
  mul,
  neg,
  relu,
  rsqrt,
  sigmoid,
  square,
  squeeze,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** Largest factor of similarities. */
const largestScale = 100;
const unseen = -1e9;

/** `1 / temperature`, at most 100. */
export function scaleOf(temperature: number): number {
  return Math.min(1 / temperature, largestScale);
}

/**
 * Focal loss (Lin et al. 2017, arXiv:1708.02002) with γ = 2 and without α, one value each:
 * `(1 − p_t)² · −log p_t` for logits and labels of 0 and 1.
 */
export function focal(logits: Tensor, labels: Tensor): Tensor {
  const entropy = add(sub(relu(logits), mul(logits, labels)), log(add(exp(neg(abs(logits))), 1)));
  const p = sigmoid(logits);
  const wrong = add(mul(p, sub(1, labels)), mul(sub(1, p), labels));
  return mul(square(wrong), entropy);
}

/** Sum of `|prediction − target|` over both offsets of positive points, divided by their number. */
export function boundaryLoss(boundaries: Tensor, offsets: Tensor, positive: Tensor): Tensor {
  const apart = sum(abs(sub(boundaries, offsets)), -1);
  return div(sum(mul(apart, positive)), maximum(sum(positive), 1));
}

/** Rows of length 1: `[..., width]`. */
function directions(x: Tensor): Tensor {
  return mul(x, rsqrt(maximum(sum(square(x), -1, true), 1e-16)));
}

/**
 * Symmetric InfoNCE of pairs that belong together: row i of a with row i of b, against all other rows, both ways.
 * @param a `[..., pairs, width]`
 * @param b the same shape
 * @returns mean over pairs and leading axes, a scalar
 */
export function infoNce(a: Tensor, b: Tensor, scale: number): Tensor {
  const [x, y] = [directions(a), directions(b)];
  const pairs = a.shape.at(-2) as number;
  const rows = a.size / (a.shape.at(-1) as number);
  const own = eye(pairs);
  const oneWay = (from: Tensor, to: Tensor) => sum(mul(logSoftmax(mul(matMul(from, to, false, true), scale)), own));
  return div(add(oneWay(x, y), oneWay(y, x)), -2 * rows);
}

/**
 * Noise-contrastive loss of a sampled clip: its similarity to the query, against clips of the same video that are not more
 * salient, and against the sampled clips of the rest of the batch.
 * @param states `[batch, clips, width]`
 * @param query `[batch, width]`
 * @param saliency `[batch, clips]`
 * @param sampled `[batch, clips]`, 1 at the clip that was sampled
 * @param real `[batch, clips]` of 1 and 0
 */
export function sampledNce(
  states: Tensor,
  query: Tensor,
  { saliency, sampled, real }: { saliency: Tensor; sampled: Tensor; real?: Tensor | undefined },
  scale: number,
): Tensor {
  const [clips, asked] = [directions(states), directions(query)];
  const similarity = mul(squeeze(matMul(clips, expandDims(asked, -1)), [2]), scale);
  const most = sum(mul(saliency, sampled), 1, true);
  const lower = cast(lessEqual(saliency, most), 'float32');
  const allowed = real ? mul(lower, real) : lower;
  const own = sum(mul(similarity, sampled), 1);
  const amongClips = sub(logSumExp(add(similarity, mul(sub(1, allowed), unseen)), 1), own);
  const chosen = squeeze(matMul(expandDims(sampled, 1), clips), [1]);
  const amongBatch = sub(logSumExp(mul(matMul(asked, chosen, false, true), scale), 1), own);
  return div(sum(add(amongClips, amongBatch)), states.shape[0] as number);
}
