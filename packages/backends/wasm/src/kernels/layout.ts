import { BroadcastTo, backend_util, GatherV2, type TensorInfo, Tile, Transpose, util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { type KernelCall, kernel } from '../register.ts';
import { isCopyable, stridedCopy } from '../strided-copy.ts';

/** Elements between neighbours along each axis; unlike tfjs's, the last axis included. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!;
  return strides;
}

/** x repeated along its axes of size 1, and along new leading ones, to `shape`. */
export function broadcastTo(heap: Heap, x: TensorInfo, shape: readonly number[]): TensorInfo {
  const out = heap.output(shape, x.dtype);
  const own = stridesOf(x.shape);
  const missing = shape.length - x.shape.length;
  const strides = shape.map((_, d) => (d < missing || x.shape[d - missing] === 1 ? 0 : own[d - missing]!));
  stridedCopy(heap, x, strides, out);
  return out;
}

function transpose({ inputs: { x }, attrs: { perm }, heap, stock }: KernelCall<{ x: TensorInfo }, { perm: number[] }>) {
  // tfjs's kernel shares the buffer if only axes of size 1 move.
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  if (!isCopyable(x) || moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return stock();
  const own = stridesOf(x.shape);
  const out = heap.output(
    perm.map((axis) => x.shape[axis]!),
    x.dtype,
  );
  stridedCopy(
    heap,
    x,
    perm.map((axis) => own[axis]!),
    out,
  );
  return out;
}

function tile({ inputs: { x }, attrs: { reps }, heap, stock }: KernelCall<{ x: TensorInfo }, { reps: number[] }>) {
  if (!isCopyable(x)) return stock();
  const own = stridesOf(x.shape);
  // Each axis becomes two: the repetitions, which stay where they are in x, and the axis itself.
  const out = heap.output(
    x.shape.flatMap((size, d) => [reps[d]!, size]),
    x.dtype,
  );
  stridedCopy(
    heap,
    x,
    own.flatMap((stride) => [0, stride]),
    out,
  );
  out.shape = x.shape.map((size, d) => size * reps[d]!);
  return out;
}

interface GatherAttrs {
  readonly axis: number;
  readonly batchDims?: number;
}

function gather({
  inputs: { x, indices },
  attrs: { axis, batchDims = 0 },
  heap,
}: KernelCall<{ x: TensorInfo; indices: TensorInfo }, GatherAttrs>) {
  const parsed = util.parseAxisParam(axis, x.shape)[0]!;
  const { batchSize, outerSize, dimSize, sliceSize, outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
    x as never,
    indices as never,
    parsed,
    batchDims,
  );
  const out = heap.output(outputShape, x.dtype);
  const count = batchSize === 0 ? 0 : util.sizeFromShape(indices.shape) / batchSize;
  const bytes = sliceSize * util.bytesPerElement(x.dtype);
  const wrong = heap.kernels.gather(
    batchSize,
    outerSize,
    dimSize,
    count,
    bytes,
    heap.at(x),
    heap.at(indices),
    heap.at(out),
  );
  if (wrong >= 0) {
    const index = heap.view(indices)[wrong];
    heap.free(out);
    throw new Error(`GatherV2: the index value ${index} is not in [0, ${dimSize - 1}]`);
  }
  return out;
}

export function registerLayout(): void {
  kernel(Transpose, transpose);
  kernel(Tile, tile);
  kernel(GatherV2, gather);
  kernel<{ x: TensorInfo }, { shape: number[] }>(BroadcastTo, ({ inputs: { x }, attrs: { shape }, heap }) =>
    broadcastTo(heap, x, shape),
  );
}
