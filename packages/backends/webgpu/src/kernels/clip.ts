import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import type { Dispatch } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, type Uniform, u32 } from '../uniforms.ts';

interface Limits {
  /** Norm that is left. */
  readonly largest: number;
  readonly epsilon: number;
}

const size = 256;
/** Elements whose squares one workgroup adds. */
const chunk = 4096;
/** Uniforms and branches of more would cost more than the dispatch that they save. */
const mostPerDispatch = 15;

/**
 * ‖g‖ = √(Σ g²) over all elements of all tensors, returned as a scalar; each tensor times min(1, largest / (‖g‖ + ε)), in place.
 * Sums are made in an order that depends on sizes alone. Nothing is read back.
 */
export function registerClip(): void {
  kernel<Record<string, TensorInfo>, Limits>(
    'tapgrad.ClipByGlobalNorm',
    ({ inputs, attrs: { largest, epsilon }, gpu }) => {
      const all = Object.values(inputs).filter(({ shape }) => util.sizeFromShape(shape) > 0);
      const partials = all.reduce((count, { shape }) => count + chunksOf(shape), 0);
      const partial = gpu.output([Math.max(partials, 1)]);
      const [norm, factor] = [gpu.output([]), gpu.output([])];
      let first = 0;
      for (const batch of batches(gpu, all)) {
        const dispatch = sumSquares(batch, partial, first);
        gpu.dispatch(dispatch);
        first += dispatch.workgroups as number;
      }
      gpu.dispatch(finish(partial, partials, norm, factor, { largest, epsilon }));
      for (const batch of batches(gpu, all)) gpu.dispatch(scale(batch, factor));
      for (const { dataId } of [partial, factor]) gpu.disposeData(dataId);
      return norm;
    },
  );
}

function chunksOf(shape: readonly number[]): number {
  return Math.ceil(util.sizeFromShape([...shape]) / chunk);
}

function batches(gpu: TrainingBackend, all: readonly TensorInfo[]): TensorInfo[][] {
  const perDispatch = Math.min(mostPerDispatch, gpu.device.limits.maxStorageBuffersPerShaderStage - 1);
  return Array.from({ length: Math.ceil(all.length / perDispatch) }, (_, i) =>
    all.slice(i * perDispatch, (i + 1) * perDispatch),
  );
}

type Buffers = Record<string, readonly [TensorInfo, string]>;

/** Buffers x0, x1, …, and where the workgroups of each begin. */
function ranges(batch: readonly TensorInfo[], perGroup: number) {
  const buffers: Buffers = {};
  const uniforms: Record<string, Uniform> = {};
  let groups = 0;
  for (const [k, x] of batch.entries()) {
    const length = util.sizeFromShape(x.shape);
    buffers[`x${k}`] = [x, 'f32'];
    uniforms[`first${k}`] = u32(groups);
    uniforms[`length${k}`] = u32(length);
    groups += Math.ceil(length / perGroup);
  }
  return { buffers, uniforms, groups };
}

/** One branch a tensor, the last first. */
function branches(count: number, body: (k: number) => string): string {
  return Array.from({ length: count }, (_, i) => count - 1 - i)
    .map((k) => `if (w >= uniforms.first${k}) { ${body(k)} }`)
    .join(' else ');
}

function sumSquares(batch: readonly TensorInfo[], partial: TensorInfo, first: number): Dispatch {
  const { buffers, uniforms, groups } = ranges(batch, chunk);
  return {
    name: 'sum-squares',
    variant: `${batch.length}`,
    read: buffers,
    write: { partial: [partial, 'f32'] },
    uniforms: { ...uniforms, first: u32(first), groups: u32(groups) },
    code: () => `${treeSum}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let w = group.y * groups.x + group.x;
  var sum = 0.0;
  ${branches(
    batch.length,
    (k) => `
    let begin = (w - uniforms.first${k}) * ${chunk}u;
    let end = min(begin + ${chunk}u, uniforms.length${k});
    for (var i = begin + local; i < end; i += ${size}u) { sum += x${k}[i] * x${k}[i]; }`,
  )}
  let total = treeSum(sum, local);
  if (local == 0u && w < uniforms.groups) { partial[uniforms.first + w] = total; }
}`,
    workgroups: groups,
  };
}

function finish(
  partial: TensorInfo,
  partials: number,
  norm: TensorInfo,
  factor: TensorInfo,
  { largest, epsilon }: Limits,
): Dispatch {
  return {
    name: 'clip-factor',
    read: { partial: [partial, 'f32'] },
    write: { norm: [norm, 'f32'], factor: [factor, 'f32'] },
    uniforms: { length: u32(partials), largest: f32(largest), epsilon: f32(epsilon) },
    code: () => `${treeSum}
@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < uniforms.length; i += ${size}u) { sum += partial[i]; }
  let total = sqrt(treeSum(sum, local));
  if (local == 0u) {
    norm[0] = total;
    factor[0] = min(uniforms.largest / (total + uniforms.epsilon), 1.0);
  }
}`,
    workgroups: 1,
  };
}

function scale(batch: readonly TensorInfo[], factor: TensorInfo): Dispatch {
  const { buffers, uniforms, groups } = ranges(batch, size);
  return {
    name: 'scale-in-place',
    variant: `${batch.length}`,
    read: { factor: [factor, 'f32'] },
    write: buffers,
    uniforms,
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let w = group.y * groups.x + group.x;
  ${branches(
    batch.length,
    (k) => `
    let i = (w - uniforms.first${k}) * ${size}u + local;
    if (i < uniforms.length${k}) { x${k}[i] *= factor[0]; }`,
  )}
}`,
    workgroups: groups,
  };
}

/** The sum of a workgroup's numbers, in the same order on every run. */
const treeSum = `
var<workgroup> sums: array<f32, ${size}>;
fn treeSum(mine: f32, local: u32) -> f32 {
  sums[local] = mine;
  for (var half = ${size / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) { sums[local] += sums[local + half]; }
  }
  workgroupBarrier();
  return sums[0];
}`;
