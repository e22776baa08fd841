import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { ElementType } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, type Uniform, u32 } from '../uniforms.ts';

const lanes = 256;
/** Workgroups that fill a large device: more are not worth a second stage. */
const enough = 1024;
/** Terms that one invocation adds up before a second stage pays. */
const longRun = 16;
/** The same of invocations of a CPU, where a workgroup's memory costs more than a stage does. */
const onCpu = { size: 64, enough: 2048, longRun: 32, last: 128 } as const;

/**
 * Names that `terms` may use: `i` (of the element), `row` (of [outer, count]), `outer`, `r` (of count), `column` (of [inner], in units of `T`),
 * `T` (`f32` or `vec4<f32>`).
 */
export interface MiddleReduction {
  readonly name: string;
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
  /** `T` stands for four neighbouring columns where their number allows. */
  readonly read: Readonly<Record<string, readonly [TensorInfo, ElementType]>>;
  /** WGSL of one term of each sum. */
  readonly terms: readonly string[];
  /** WGSL functions that terms call, and uniforms that these read. */
  readonly functions?: string;
  readonly uniforms?: Readonly<Record<string, Uniform>>;
  /** `T` is to be `f32`, whatever the sizes. */
  readonly scalar?: boolean;
  /** What the sums are divided by; default 1. */
  readonly divisor?: number;
}

/** How the rows are cut into chunks, and how 256 invocations share columns, rows and outer indices, by powers of two. */
interface Split {
  readonly chunks: number;
  readonly workgroups: number;
  readonly shared?: { readonly columns: number; readonly rows: number };
}

/**
 * `out[outer, inner] = Σ over count of term / divisor`, for one or more terms of the same elements `[outer, count, inner]`.
 *
 * An invocation adds up every n-th row of a column, a workgroup its invocations' sums pairwise; where rows are many and columns few,
 * workgroups take chunks of the rows, and a second dispatch adds those up. On a CPU each invocation has a chunk of its own. The order of the sum depends on the sizes alone.
 * No size may be 0.
 */
export function sumMiddle(
  gpu: TrainingBackend,
  {
    outer,
    count,
    inner,
    read,
    terms,
    name,
    divisor = 1,
    functions = '',
    uniforms = {},
    scalar = false,
  }: MiddleReduction,
): TensorInfo[] {
  const wide = inner % 4 === 0 && !scalar ? 4 : 1;
  const type = wide === 4 ? 'vec4<f32>' : 'f32';
  const { chunks, workgroups, shared } = (gpu.lanes > 0 ? splitOnCpu : splitOf)(outer, count, inner / wide);
  const last = chunks === 1;
  const sums = terms.map(() => gpu.output(last ? [outer, inner] : [outer, chunks, inner]));
  gpu.dispatch({
    name: `${name}-sums`,
    variant: shared ? type : `flat ${type}`,
    read,
    write: Object.fromEntries(sums.map((sum, k) => [`sum${k}`, [sum, 'T']])),
    uniforms: {
      outer: u32(outer),
      count: u32(count),
      inner: u32(inner / wide),
      ...(shared && { columns: u32(shared.columns), rows: u32(shared.rows) }),
      chunks: u32(chunks),
      chunk: u32(Math.ceil(count / chunks)),
      divisor: f32(last ? divisor : 1),
      ...uniforms,
    },
    code: () => (shared ? sharedShader : flatShader)(terms, type, functions),
    workgroups,
  });
  if (last) return sums;
  const totals = sumMiddle(gpu, {
    name: `total-of-${terms.length}`,
    outer,
    count: chunks,
    inner,
    read: Object.fromEntries(sums.map((sum, k) => [`part${k}`, [sum, 'T']])),
    terms: sums.map((_, k) => `part${k}[i]`),
    divisor,
  });
  for (const { dataId } of sums) gpu.disposeData(dataId);
  return totals;
}

function splitOf(outer: number, count: number, inner: number): Split {
  const columns = Math.min(64, powerOfTwoFrom(inner));
  const rows = Math.min(lanes / columns, powerOfTwoFrom(Math.ceil(count / longRun)));
  const tiles = Math.ceil(inner / columns) * Math.ceil(outer / (lanes / (columns * rows)));
  const wanted = Math.min(Math.ceil(count / (rows * longRun)), Math.ceil(enough / tiles));
  const chunks = Math.ceil(count / Math.ceil(count / wanted));
  return { chunks, workgroups: tiles * chunks, shared: { columns, rows } };
}

function splitOnCpu(outer: number, count: number, inner: number): Split {
  const { size, enough, longRun, last } = onCpu;
  const wanted = count <= last ? 1 : Math.min(Math.ceil(count / longRun), Math.ceil(enough / (outer * inner)));
  const chunks = Math.ceil(count / Math.ceil(count / wanted));
  return { chunks, workgroups: Math.ceil((outer * chunks * inner) / size) };
}

function powerOfTwoFrom(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

/** An invocation adds up a chunk of a column. */
function flatShader(terms: readonly string[], type: string, functions: string): string {
  const each = (line: (k: number) => string): string => terms.map((_, k) => line(k)).join('\n');
  return `
alias T = ${type};
${functions}
@compute @workgroup_size(${onCpu.size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = index_of(group, groups, local, ${onCpu.size}u);
  let column = at % uniforms.inner;
  let chunk = at / uniforms.inner % uniforms.chunks;
  let outer = at / uniforms.inner / uniforms.chunks;
  if (outer >= uniforms.outer) { return; }
${each((k) => `  var total${k} = T(0);`)}
  let end = min(uniforms.count, (chunk + 1u) * uniforms.chunk);
  for (var r = chunk * uniforms.chunk; r < end; r++) {
    let row = outer * uniforms.count + r;
    let i = row * uniforms.inner + column;
${each((k) => `    total${k} += ${terms[k]};`)}
  }
${each((k) => `  sum${k}[at] = total${k} / uniforms.divisor;`)}
}`;
}

/** A workgroup adds up a chunk of a few columns in its memory. */
function sharedShader(terms: readonly string[], type: string, functions: string): string {
  const each = (line: (k: number) => string): string => terms.map((_, k) => line(k)).join('\n');
  return `
alias T = ${type};
${functions}
${each((k) => `var<workgroup> shared${k}: array<T, ${lanes}>;`)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let tiles = (uniforms.inner + uniforms.columns - 1u) / uniforms.columns;
  let number = index_of(group, groups, 0u, 1u);
  let chunk = (number / tiles) % uniforms.chunks;
  let column = (number % tiles) * uniforms.columns + local % uniforms.columns;
  let lane = (local / uniforms.columns) % uniforms.rows;
  let block = uniforms.columns * uniforms.rows;
  let outer = number / (tiles * uniforms.chunks) * (${lanes}u / block) + local / block;
  let inside = column < uniforms.inner && outer < uniforms.outer;
${each((k) => `  var sum${k}_of_lane = T(0);`)}
  if (inside) {
    let end = min(uniforms.count, (chunk + 1u) * uniforms.chunk);
    for (var r = chunk * uniforms.chunk + lane; r < end; r += uniforms.rows) {
      let row = outer * uniforms.count + r;
      let i = row * uniforms.inner + column;
${each((k) => `      sum${k}_of_lane += ${terms[k]};`)}
    }
  }
${each((k) => `  shared${k}[local] = sum${k}_of_lane;`)}
  for (var step = uniforms.rows / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) {
${each((k) => `      shared${k}[local] += shared${k}[local + step * uniforms.columns];`)}
    }
  }
  if (inside && lane == 0u) {
    let at = (outer * uniforms.chunks + chunk) * uniforms.inner + column;
${each((k) => `    sum${k}[at] = shared${k}[local] / uniforms.divisor;`)}
  }
}`;
}
