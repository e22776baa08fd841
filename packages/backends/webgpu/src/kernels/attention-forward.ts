import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from '../training-backend.ts';
import {
  accumulate,
  begin,
  common,
  declareSums,
  inVectors,
  loader,
  product,
  scoreOf,
  storer,
  storeSums,
  sums,
  tile,
  writeScores,
} from '../wgsl/attention-tiles.ts';
import {
  type AttentionCall,
  bindingsOf,
  keysSeen,
  operandsOf,
  type Sizes,
  sizesOf,
  uniformsOf,
} from './attention-call.ts';
import { forwardByLanes, laneRows } from './attention-lanes.ts';

export interface ForwardCall extends AttentionCall {
  readonly inputs: AttentionCall['inputs'] & {
    /** `[batch, m, heads * e]` */
    readonly v: TensorInfo;
  };
}

/**
 * y = softmax(scale · q kᵀ + mask) v, one tile of 32 queries a workgroup, one tile of 32 keys after the other: with the
 * largest score so far M, the sum of exponentials L and their sum of values O, a tile of scores s gives
 * M' = max(M, s), L' = L·e^(M−M') + Σ e^(s−M'), O' = O·e^(M−M') + Σ e^(s−M') v; y = O / L (Dao et al. 2022, algorithm 1; Milakov and
 * Gimelshein 2018). Of the scores, M and L of each query remain.
 * @returns y, and `[batch, heads, n, 2]` with M and L
 */
export function attentionForward(gpu: TrainingBackend, call: ForwardCall): TensorInfo[] {
  const { q, k, v } = call.inputs;
  const mask = Boolean(call.inputs.mask);
  const sizes = sizesOf(call.attrs.heads, q, k, v);
  const { batches, heads, n, d, e } = sizes;
  const y = gpu.output([batches, n, heads * e]);
  const statistics = gpu.output([batches, heads, n, 2]);
  if (batches * n * heads === 0) return [y, statistics];
  const { lanes } = gpu;
  const vectors = lanes === 0 && inVectors(d, e);
  const type = vectors ? 'vec4<f32>' : 'f32';
  gpu.dispatch({
    name: 'attention',
    variant: `${d} ${e} ${lanes}`,
    read: { q: [q, type], k: [k, type], v: [v, type], ...bindingsOf(call) },
    write: { y: [y, type], statistics: [statistics, 'vec2<f32>'] },
    uniforms: uniformsOf(call, sizes),
    code: () => (lanes > 0 ? forwardByLanes(lanes, sizes, mask) : forwardByTiles(sizes, mask, vectors)),
    workgroups: Math.ceil(n / (lanes > 0 ? laneRows(lanes) : tile)) * heads * batches,
  });
  return [y, statistics];
}

function forwardByTiles(sizes: Sizes, mask: boolean, vectors: boolean): string {
  const { q, k, v, y } = operandsOf(sizes);
  const { e } = sizes;
  return `${common(mask)}
${[q, k, v].map((each) => loader(each, vectors)).join('')}
${storer(y, vectors)}
${begin('n')}
  var largest = absent;
  var total = 0.0;
  ${declareSums('o', e)}
  let end = ${keysSeen(tile)};
  for (var key = 0u; key < end; key += ${tile}u) {
    ${product('s', q, 'first', k, 'key')}
    ${writeScores((at, i, j) => `score(s[${at}], first + ${i}, key + ${j})`)}
    var peak = largest;
    for (var j = 0u; j < uniforms.tile; j++) { peak = max(peak, ${scoreOf('j')}); }
    let p = vec4f(${[0, 1, 2, 3].map((i) => `exp(${scoreOf(`4u * lane + ${i}u`)} - peak)`).join(', ')});
    let kept = exp(largest - peak);
    largest = peak;
    workgroupBarrier();
    ${[0, 1, 2, 3].map((i) => `${scoreOf(`4u * lane + ${i}u`)} = p[${i}];`).join(' ')}
    workgroupBarrier();
    total *= kept;
    for (var j = 0u; j < uniforms.tile; j++) { total += ${scoreOf('j')}; }
    ${sums('o', e)
      .map((each) => `${each} *= kept;`)
      .join(' ')}
    ${accumulate('o', v, 'key')}
  }
  ${storeSums('o', y, ' / total')}
  if (lane == 0u && first + row < uniforms.n) {
    statistics[(batch * uniforms.heads + head) * uniforms.n + first + row] = vec2f(largest, total);
  }
}`;
}
