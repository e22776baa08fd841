import { backend_util, ScatterNd, type TensorInfo, UnsortedSegmentSum, util } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';
import { rowNumbers } from './row-numbers.ts';

const size = 256;
/** Comparisons of ids beyond which tfjs's scatter, whose order of sums is the device's, is far faster. */
const mostComparisons = 2 ** 32;

/**
 * out[s] = Σ over i with ids[i] = s of x[i], floats in the order of i, so that the sum is the same on every run: tfjs adds with atomics.
 * One workgroup an output row where these are fewer, else one an input row, of which the first of its segment adds them all.
 * Sums of integers are the same in any order.
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
      if (outputSize === 0) return gpu.output(shape, updates.dtype);
      if (updates.dtype === 'float32' && n * Math.min(n, rows) > mostComparisons) return stock();
      const ids = rowNumbers(gpu, indices, n, found.sliceRank, strides);
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
  const { dtype } = x;
  const byRow = segments <= n && dtype === 'float32';
  // Otherwise segments that no row looks for are written by nobody.
  const out = byRow ? gpu.output(shape, dtype) : callKernel(gpu, 'Fill', {}, { shape, value: 0, dtype });
  if (n === 0 || segments === 0 || width === 0) return out;
  if (dtype !== 'float32') {
    addIntegers(gpu, x, ids, out);
    return out;
  }
  const count = byRow ? segments : n;
  const columns = Math.ceil(width / size);
  gpu.dispatch({
    name: 'segment-sum',
    variant: `${byRow}`,
    read: { x: [x, 'f32'], ids: [ids, 'i32'] },
    write: { out: [out, 'f32'] },
    uniforms: { n: u32(n), width: u32(width), segments: u32(segments), count: u32(count), columns: u32(columns) },
    code: () => codeOf(byRow),
    workgroups: count * columns,
  });
  return out;
}

/** @param out `[segments, ...]`, to which rows of x are added */
function addIntegers(gpu: TrainingBackend, x: TensorInfo, ids: TensorInfo, out: TensorInfo): void {
  const count = util.sizeFromShape(x.shape);
  const segments = out.shape[0]!;
  gpu.dispatch({
    name: 'add-integers',
    read: { x: [x, 'i32'], ids: [ids, 'i32'] },
    write: { out: [out, 'atomic<i32>'] },
    uniforms: { count: u32(count), width: u32(count / x.shape[0]!), segments: u32(segments) },
    code: () =>
      main(`
  let segment = ids[i / uniforms.width];
  if (segment < 0 || u32(segment) >= uniforms.segments) { return; }
  atomicAdd(&out[u32(segment) * uniforms.width + i % uniforms.width], x[i]);`),
    workgroups: Math.ceil(count / flat),
  });
}

function codeOf(byRow: boolean): string {
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
  var sum = 0.0;
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
