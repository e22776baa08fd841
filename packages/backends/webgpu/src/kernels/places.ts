// Kernels that read or write rows where indices say, bit for bit: tfjs's read integers as floats.
import {
  backend_util,
  GatherNd,
  SparseToDense,
  type Tensor,
  type TensorInfo,
  TensorScatterUpdate,
  util,
} from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';
import { rowNumbers } from './row-numbers.ts';

/** Rows of x that indices name; zeros where there is none. */
function registerGatherNd(): void {
  kernel<{ params: TensorInfo; indices: TensorInfo }>(GatherNd, ({ inputs: { params, indices }, gpu, stock }) => {
    if (!isCopyable(params)) return stock();
    const [shape, n, width, strides] = backend_util.prepareAndValidate(params as Tensor, indices as Tensor);
    if (util.sizeFromShape(shape) === 0) return gpu.output(shape, params.dtype);
    const ids = rowNumbers(gpu, indices, n, indices.shape.at(-1)!, strides);
    const x = { ...params, shape: [util.sizeFromShape(params.shape) / width, width] };
    const rows = callKernel(gpu, 'GatherV2', { x, indices: ids }, { axis: 0 });
    gpu.disposeData(ids.dataId);
    return { ...rows, shape };
  });
}

interface Update {
  readonly indices: TensorInfo;
  /** One row for each index, or one number for all. */
  readonly updates: TensorInfo;
  /** A tensor of the result's shape, or one number. */
  readonly base: TensorInfo;
  readonly shape: number[];
}

/** `base` with some rows replaced; of several updates of a row the last one stays. */
function updated(gpu: TrainingBackend, { indices, updates, base, shape }: Update): TensorInfo {
  const y = gpu.output(shape, updates.dtype);
  const count = util.sizeFromShape(shape);
  if (count === 0) return y;
  const { numUpdates: n, sliceSize: width, sliceRank, strides } = backend_util.calculateShapes(updates, indices, shape);
  const ids = rowNumbers(gpu, indices, n, sliceRank, strides);
  const rows = count / width;
  // 1 + the number of the last update of each row.
  const last = callKernel(gpu, 'Fill', {}, { shape: [rows], value: 0, dtype: 'int32' });
  if (n > 0) {
    gpu.dispatch({
      name: 'last-update',
      read: { ids: [ids, 'i32'] },
      write: { last: [last, 'atomic<u32>'] },
      uniforms: { count: u32(n), rows: u32(rows) },
      code: () => main('if (ids[i] >= 0 && u32(ids[i]) < uniforms.rows) { atomicMax(&last[ids[i]], i + 1u); }'),
      workgroups: Math.ceil(n / flat),
    });
  }
  const stepOf = ({ shape }: TensorInfo) => u32(shape.length === 0 ? 0 : 1);
  gpu.dispatch({
    name: 'updated',
    read: { last: [last, 'u32'], updates: [updates, 'u32'], base: [base, 'u32'] },
    write: { y: [y, 'u32'] },
    uniforms: { count: u32(count), width: u32(width), updateStep: stepOf(updates), baseStep: stepOf(base) },
    code: () =>
      main(`
  let update = last[i / uniforms.width];
  if (update == 0u) { y[i] = base[i * uniforms.baseStep]; }
  else { y[i] = updates[((update - 1u) * uniforms.width + i % uniforms.width) * uniforms.updateStep]; }`),
    workgroups: Math.ceil(count / flat),
  });
  for (const each of [ids, last]) gpu.disposeData(each.dataId);
  return y;
}

export function registerPlaces(): void {
  registerGatherNd();
  kernel<{ tensor: TensorInfo; indices: TensorInfo; updates: TensorInfo }>(
    TensorScatterUpdate,
    ({ inputs: { tensor, indices, updates }, gpu, stock }) =>
      isCopyable(updates) ? updated(gpu, { indices, updates, base: tensor, shape: tensor.shape }) : stock(),
  );
  kernel<{ sparseIndices: TensorInfo; sparseValues: TensorInfo; defaultValue: TensorInfo }, { outputShape: number[] }>(
    SparseToDense,
    ({ inputs: { sparseIndices, sparseValues, defaultValue }, attrs: { outputShape }, gpu, stock }) =>
      isCopyable(sparseValues)
        ? updated(gpu, { indices: sparseIndices, updates: sparseValues, base: defaultValue, shape: outputShape })
        : stock(),
  );
}
