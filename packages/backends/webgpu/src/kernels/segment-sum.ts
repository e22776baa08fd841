import { backend_util, ScatterNd, type TensorInfo, UnsortedSegmentSum, util } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { type Uniform, u32 } from '../uniforms.ts';

const size = 256;
/** Comparisons of ids beyond which tfjs's scatter, whose order of sums is the device's, is far faster. */
const mostComparisons = 2 ** 32;

/**
 * out[s] = Σ over i with ids[i] = s of x[i], in the order of i, so that the sum is the same on every run: tfjs adds with atomics.
 * One workgroup an output row where these are fewer, else one an input row, of which the first of its segment adds them all.
 */
export function registerSegmentSums(): void {
  kernel<{ dy: TensorInfo; ids: TensorInfo }, { rows: number }>(
    'tapgrad.EmbeddingGrad',
    ({ inputs: { dy, ids }, attrs: { rows }, gpu }) => segmentSum(gpu, dy, ids, rows),
  );
  kernel<{ x: TensorInfo; segmentIds: TensorInfo }, { numSegments: number }>(
    UnsortedSegmentSum,
    ({ inputs: { x, segmentIds }, attrs: { numSegments }, gpu }) => segmentSum(gpu, x, segmentIds, numSegments),
  );
  kernel<{ indices: TensorInfo; updates: TensorInfo }, { shape: number[] }>(
    ScatterNd,
    ({ inputs: { indices, updates }, attrs: { shape }, gpu, stock }) => {
      const found = backend_util.calculateShapes(updates, indices, shape);
      const { numUpdates: n, sliceSize, strides, outputSize } = found;
      const rows = outputSize / sliceSize;
      if (outputSize === 0 || n * Math.min(n, rows) > mostComparisons) return stock();
      const ids = gpu.output([n], 'int32');
      if (n > 0) gpu.dispatch(flatten(indices, ids, n, found.sliceRank, strides));
      const sums = segmentSum(gpu, { ...updates, shape: [n, sliceSize] }, ids, rows);
      gpu.disposeData(ids.dataId);
      return { ...sums, shape };
    },
  );
}

/** x `[n, ...rest]` to `[segments, ...rest]`. */
export function segmentSum(gpu: TrainingBackend, x: TensorInfo, ids: TensorInfo, segments: number): TensorInfo {
  const [n = 0, ...rest] = x.shape;
  const width = util.sizeFromShape(rest);
  const shape = [segments, ...rest];
  const byRow = segments <= n;
  // Where each input row looks for its segment, segments without one are written by nobody.
  const { dtype } = x;
  const type = dtype === 'float32' ? 'f32' : 'i32';
  const out = byRow ? gpu.output(shape, dtype) : callKernel(gpu, 'Fill', {}, { shape, value: 0, dtype });
  if (n === 0 || segments === 0 || width === 0) return out;
  const count = byRow ? segments : n;
  const columns = Math.ceil(width / size);
  gpu.dispatch({
    name: 'segment-sum',
    variant: `${byRow}`,
    read: { x: [x, type], ids: [ids, 'i32'] },
    write: { out: [out, type] },
    uniforms: { n: u32(n), width: u32(width), segments: u32(segments), count: u32(count), columns: u32(columns) },
    code: () => codeOf(byRow, type),
    workgroups: count * columns,
  });
  return out;
}

function codeOf(byRow: boolean, type: string): string {
  const segmentOfFirst = `
  let segment = ids[goal];
  if (segment < 0 || u32(segment) >= uniforms.segments) { return; }
  if (local == 0u) { atomicStore(&seen, 0u); }
  workgroupBarrier();
  for (var i = local; i < goal; i += ${size}u) {
    if (ids[i] == segment) { atomicStore(&seen, 1u); break; }
  }
  workgroupBarrier();
  if (local == 0u) { isLater = atomicLoad(&seen); }
  if (workgroupUniformLoad(&isLater) != 0u) { return; }
  let start = goal - goal % ${size}u;`;
  return `
var<workgroup> matches: array<atomic<u32>, ${size / 32}>;
var<workgroup> seen: atomic<u32>;
var<workgroup> isLater: u32;
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let w = group.y * groups.x + group.x;
  let goal = w / uniforms.columns;
  let column = (w % uniforms.columns) * ${size}u + local;
  if (goal >= uniforms.count) { return; }
  ${byRow ? 'let segment = i32(goal); let start = 0u;' : segmentOfFirst}
  var sum = ${type}();
  for (var base = start; base < uniforms.n; base += ${size}u) {
    if (local < ${size / 32}u) { atomicStore(&matches[local], 0u); }
    workgroupBarrier();
    let mine = base + local;
    if (mine < uniforms.n && ids[mine] == segment) { atomicOr(&matches[local >> 5u], 1u << (local & 31u)); }
    workgroupBarrier();
    for (var word = 0u; word < ${size / 32}u; word++) {
      for (var left = atomicLoad(&matches[word]); left != 0u; left &= left - 1u) {
        let i = base + word * 32u + countTrailingZeros(left);
        if (column < uniforms.width) { sum += x[i * uniforms.width + column]; }
      }
    }
    workgroupBarrier();
  }
  if (column < uniforms.width) { out[u32(segment) * uniforms.width + column] = sum; }
}`;
}

/** The number of the output row that each row of indices `[n, depth]` names; strides are those of rows. */
function flatten(indices: TensorInfo, ids: TensorInfo, n: number, depth: number, strides: readonly number[]) {
  const uniforms: Record<string, Uniform> = { n: u32(n) };
  for (let axis = 0; axis < depth; axis++) uniforms[`s${axis}`] = u32(strides[axis] ?? 1);
  const terms = Array.from(
    { length: depth },
    (_, axis) => `indices[i * ${depth}u + ${axis}u] * i32(uniforms.s${axis})`,
  );
  return {
    name: 'scatter-rows',
    variant: `${depth}`,
    read: { indices: [indices, 'i32'] },
    write: { ids: [ids, 'i32'] },
    uniforms,
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i < uniforms.n) { ids[i] = ${terms.join(' + ') || '0'}; }
}`,
    workgroups: Math.ceil(n / size),
  } as const;
}
