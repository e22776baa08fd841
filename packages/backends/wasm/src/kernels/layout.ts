import {
  BroadcastTo,
  backend_util,
  Concat,
  GatherV2,
  Slice,
  SplitV,
  slice_util,
  type Tensor,
  type TensorInfo,
  Tile,
  Transpose,
  util,
} from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { type KernelCall, kernel } from '../register.ts';
import { copyAxes, isCopyable, stridedCopy } from '../strided-copy.ts';

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

interface SliceAttrs {
  readonly begin: number | number[];
  readonly size: number | number[];
}

function sliced(heap: Heap, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const own = stridesOf(x.shape);
  const out = heap.output(size, x.dtype);
  const offset = begin.reduce((sum, first, d) => sum + first * own[d]!, 0);
  stridedCopy(heap, x, own, out, offset);
  return out;
}

function slice({ inputs: { x }, attrs, heap, stock }: KernelCall<{ x: TensorInfo }, SliceAttrs>) {
  if (!isCopyable(x)) return stock();
  const [begin, size] = slice_util.parseSliceParams(x as Tensor, attrs.begin, attrs.size) as [number[], number[]];
  slice_util.assertParamsValid(x as Tensor, begin, size);
  return sliced(heap, x, begin, size);
}

interface SplitAttrs {
  readonly numOrSizeSplits: number | number[];
  readonly axis: number;
}

function split({
  inputs: { x },
  attrs: { numOrSizeSplits, axis },
  heap,
  stock,
}: KernelCall<{ x: TensorInfo }, SplitAttrs>) {
  if (!isCopyable(x)) return stock();
  const along = util.parseAxisParam(axis, x.shape)[0]!;
  const begin = x.shape.map(() => 0);
  return backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, along).map((extent) => {
    const part = sliced(heap, x, begin, x.shape.with(along, extent));
    begin[along]! += extent;
    return part;
  });
}

function concat({ inputs, attrs: { axis }, heap, stock }: KernelCall<TensorInfo[], { axis: number }>) {
  const parts = Object.values(inputs);
  const [first] = parts as [TensorInfo];
  if (!isCopyable(first)) return stock();
  const along = util.parseAxisParam(axis, first.shape)[0]!;
  const out = heap.output(
    backend_util.computeOutShape(
      parts.map(({ shape }) => shape),
      along,
    ),
    first.dtype,
  );
  const unit = first.dtype === 'complex64' ? 2 : 1;
  const outer = util.sizeFromShape(first.shape.slice(0, along));
  const row = ({ shape }: TensorInfo): number => unit * util.sizeFromShape(shape.slice(along));
  let target = heap.at(out);
  for (const part of parts) {
    const axes = [
      { size: outer, source: row(part), target: row(out) },
      { size: row(part), source: 1, target: 1 },
    ];
    copyAxes(heap, axes, heap.at(part), target);
    target += 4 * row(part);
  }
  return out;
}

export function registerLayout(): void {
  kernel(Transpose, transpose);
  kernel(Tile, tile);
  kernel(Slice, slice);
  kernel(SplitV, split);
  kernel(Concat, concat);
  kernel(GatherV2, gather);
  kernel<{ x: TensorInfo }, { shape: number[] }>(BroadcastTo, ({ inputs: { x }, attrs: { shape }, heap }) =>
    broadcastTo(heap, x, shape),
  );
}
