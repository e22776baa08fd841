import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from '../training-backend.ts';

/** A tensor `[..., d]` as rows, and how a shader goes over one: a workgroup a row, `T` four columns where d allows. */
export interface Rows {
  readonly rows: number;
  readonly d: number;
  readonly leading: number[];
  readonly type: 'f32' | 'vec4<f32>';
  /** Elements of `T` in a row. */
  readonly length: number;
  /** Invocations of a workgroup. */
  readonly lanes: number;
  /** Whether they are one subgroup. */
  readonly inSubgroup: boolean;
}

export function rowsOf(gpu: TrainingBackend, x: TensorInfo): Rows {
  const leading = x.shape.slice(0, -1);
  const d = x.shape.at(-1) ?? 1;
  const length = d % 4 === 0 ? d / 4 : d;
  const type = d % 4 === 0 ? 'vec4<f32>' : 'f32';
  const inSubgroup = gpu.lanes > 0;
  const lanes = inSubgroup ? gpu.lanes : length > 512 ? 256 : 64;
  return { rows: util.sizeFromShape(leading), d, leading, type, length, lanes, inSubgroup };
}

/**
 * Head of a shader that gives each row a workgroup: `row_of`, `combined(value, local)`, which adds a pair of numbers up over
 * the workgroup (all of it must call it), and `across`, the sum of the numbers in a `T`.
 */
export function rowHead({ type, lanes, inSubgroup }: Rows): string {
  return `
alias T = ${type};
const lanes = ${lanes}u;
${inSubgroup ? 'fn combined(value: vec2f, local: u32) -> vec2f { return subgroupAdd(value); }' : combinedInMemory(lanes)}
fn across(value: T) -> f32 { return ${type === 'f32' ? 'value' : 'dot(value, T(1))'}; }`;
}

function combinedInMemory(lanes: number): string {
  return `
var<workgroup> pairs: array<vec2f, ${lanes}>;
fn combined(value: vec2f, local: u32) -> vec2f {
  pairs[local] = value;
  for (var step = lanes / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (local < step) { pairs[local] += pairs[local + step]; }
  }
  let all = workgroupUniformLoad(&pairs[0]);
  return all;
}`;
}

/** Parameters of `main` in a shader that gives each row a workgroup; `row` and `first`, its first element, follow. */
export const rowMain = `
@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = index_of(group, groups, 0u, 1u);
  if (row >= uniforms.rows) { return; }
  let first = row * uniforms.length;`;
