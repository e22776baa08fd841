import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import {
  accumulate,
  begin,
  common,
  declareSums,
  four,
  inVectors,
  loader,
  product,
  size,
  storer,
  storeSums,
  tile,
  writeScores,
} from '../wgsl/attention-tiles.ts';
import {
  type AttentionCall,
  bindingsOf,
  keysSeen,
  operandsOf,
  queriesSeeing,
  type Sizes,
  sizesOf,
  uniformsOf,
} from './attention-call.ts';
import { keyByLanes, laneRows, queryByLanes } from './attention-lanes.ts';

export interface GradientCall extends AttentionCall {
  readonly inputs: AttentionCall['inputs'] & {
    readonly dy: TensorInfo;
    /** Values and forward's result; not there where only the gradient of values is wanted. */
    readonly v?: TensorInfo | undefined;
    readonly y?: TensorInfo | undefined;
    /** Of forward: largest score and sum of exponentials of each query. */
    readonly statistics: TensorInfo;
  };
  readonly attrs: AttentionCall['attrs'] & {
    readonly needQ: boolean;
    readonly needK: boolean;
    readonly needV: boolean;
  };
}

/**
 * With p = e^(s−M) / L made again tile by tile, D = Σ dy·y and ds = p (dy vᵀ − D): dq = scale · ds k, dk = scale · dsᵀ q, dv = pᵀ dy
 * (Dao et al. 2022, algorithm 4). One kernel goes over keys for dq, one over queries for dk and dv: nothing is added to
 * by two workgroups, so that sums have one order.
 */
export function attentionGradient(gpu: TrainingBackend, call: GradientCall): TensorInfo[] {
  const { q, k, v, dy, y, statistics } = call.inputs;
  const { needQ, needK, needV } = call.attrs;
  const sizes = sizesOf(call.attrs.heads, q, k, dy);
  const { batches, heads, n, m, d, e } = sizes;
  const rows = gpu.output([batches, heads, n, 4]);
  const { lanes } = gpu;
  const mask = Boolean(call.inputs.mask);
  const vectors = lanes === 0 && inVectors(d, e);
  const tokens = lanes > 0 ? laneRows(lanes) : tile;
  const type = vectors ? 'vec4<f32>' : 'f32';
  const dq = needQ ? gpu.output(q.shape) : undefined;
  const dk = needK ? gpu.output(k.shape) : undefined;
  const dv = needV ? gpu.output([batches, m, heads * e]) : undefined;
  const read = { q: [q, type], k: [k, type], dy: [dy, type], rows: [rows, 'vec4<f32>'], ...bindingsOf(call) } as const;
  const uniforms = uniformsOf(call, sizes);
  if (batches * n * heads > 0) gpu.dispatch(rowsOf({ dy, y: y ?? dy, statistics, rows }, sizes));
  if (dq && v && batches * n > 0) {
    gpu.dispatch({
      name: 'attention-grad-query',
      variant: `${d} ${e} ${lanes}`,
      read: { ...read, v: [v, type] },
      write: { dq: [dq, type] },
      uniforms,
      code: () => (lanes > 0 ? queryByLanes(lanes, sizes, mask) : queryCode(sizes, mask, vectors)),
      workgroups: Math.ceil(n / tokens) * heads * batches,
    });
  }
  if ((dk || dv) && batches * m > 0) {
    gpu.dispatch({
      name: 'attention-grad-key',
      variant: `${d} ${e} ${lanes} ${needK} ${needV} ${Boolean(v)}`,
      read: { ...read, ...(v && { v: [v, type] }) },
      write: { ...(dk && { dk: [dk, type] }), ...(dv && { dv: [dv, type] }) },
      uniforms,
      code: () => (lanes > 0 ? keyByLanes(lanes, sizes, { mask, needK, needV }) : keyCode(call, sizes, vectors)),
      workgroups: Math.ceil(m / tokens) * heads * batches,
    });
  }
  gpu.disposeData(rows.dataId);
  return [dq, dk, dv].filter((made) => made !== undefined);
}

/** Of each query: M, L and D, which both kernels need. */
function rowsOf(buffers: Readonly<Record<'dy' | 'y' | 'statistics' | 'rows', TensorInfo>>, sizes: Sizes) {
  const { batches, heads, n, e } = sizes;
  const count = batches * heads * n;
  return {
    name: 'attention-rows',
    read: { dy: [buffers.dy, 'f32'], y: [buffers.y, 'f32'], statistics: [buffers.statistics, 'vec2<f32>'] },
    write: { rows: [buffers.rows, 'vec4<f32>'] },
    uniforms: { count: u32(count), heads: u32(heads), n: u32(n), width: u32(e) },
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.count) { return; }
  // Neighbours read neighbouring heads; the rows are [batch, heads, n].
  let head = i % uniforms.heads;
  let token = i / uniforms.heads;
  var sum = 0.0;
  for (var c = 0u; c < uniforms.width; c++) { sum += dy[i * uniforms.width + c] * y[i * uniforms.width + c]; }
  let at = (token / uniforms.n * uniforms.heads + head) * uniforms.n + token % uniforms.n;
  rows[at] = vec4f(statistics[at], sum, 0.0);
}`,
    workgroups: Math.ceil(count / size),
  } as const;
}

const probability = `
fn row_of(i: u32) -> vec4f { return rows[(batch * uniforms.heads + head) * uniforms.n + min(i, uniforms.n - 1u)]; }
fn probability(product: f32, i: u32, j: u32) -> f32 {
  if (i >= uniforms.n || j >= uniforms.m) { return 0.0; }
  let known = row_of(i);
  return exp(score(product, i, j) - known.x) / known.y;
}`;

function queryCode(sizes: Sizes, mask: boolean, vectors: boolean): string {
  const { q, k, v, dy, dq } = operandsOf(sizes);
  return `${common(mask)}
${probability}
${[q, k, v, dy].map((each) => loader(each, vectors)).join('')}
${storer(dq, vectors)}
${begin('n')}
  ${declareSums('g', sizes.d)}
  let end = ${keysSeen(tile)};
  for (var key = 0u; key < end; key += ${tile}u) {
    ${product('s', q, 'first', k, 'key')}
    ${product('t', dy, 'first', v, 'key')}
    ${writeScores((at, i, j) => `probability(s[${at}], first + ${i}, key + ${j}) * (t[${at}] - row_of(first + ${i}).z)`)}
    ${accumulate('g', k, 'key')}
  }
  ${storeSums('g', dq, ' * uniforms.scale')}
}`;
}

function keyCode({ inputs, attrs }: GradientCall, sizes: Sizes, vectors: boolean): string {
  const { needK, needV } = attrs;
  const { q, k, v, dy, dk, dv } = operandsOf(sizes);
  const values = `
    ${writeScores((at) => `p[${at}]`)}
    ${accumulate('h', dy, 'query')}`;
  const keys = `
    ${product('t', v, 'first', dy, 'query')}
    ${writeScores((at, _, j) => `p[${at}] * (t[${at}] - row_of(query + ${j}).z)`)}
    ${accumulate('g', q, 'query')}`;
  return `${common(Boolean(inputs.mask))}
${probability}
${[q, k, dy, ...(inputs.v ? [v] : [])].map((each) => loader(each, vectors)).join('')}
${needK ? storer(dk, vectors) : ''}
${needV ? storer(dv, vectors) : ''}
${begin('m')}
  ${needK ? declareSums('g', sizes.d) : ''}
  ${needV ? declareSums('h', sizes.e) : ''}
  for (var query = ${queriesSeeing(tile)}; query < uniforms.n; query += ${tile}u) {
    ${product('s', k, 'first', q, 'query')}
    let p = vec4f(${four((at, i, j) => `probability(s[${at}], query + ${j}, first + ${i})`).join(', ')});
    ${needV ? values : ''}
    ${needK ? keys : ''}
  }
  ${needK ? storeSums('g', dk, ' * uniforms.scale') : ''}
  ${needV ? storeSums('h', dv) : ''}
}`;
}
