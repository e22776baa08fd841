// Kernels that only move elements. tfjs's read integers as floats, which loses bits beyond 2^24, and fail for some ranks and dtypes.
import {
  BroadcastTo,
  backend_util,
  Concat,
  Pack,
  PadV2,
  Reverse,
  Slice,
  SplitV,
  StridedSlice,
  slice_util,
  type Tensor,
  type TensorInfo,
  Tile,
  Transpose,
  Unpack,
  util,
} from '@tensorflow/tfjs-core';
import { axesOf, broadcastStrides, stridesOf } from '../axes.ts';
import { filled } from '../filled.ts';
import { callKernel, type KernelCall, type KernelRun, kernel } from '../register.ts';
import { isCopyable, stridedCopy } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';

type OneInput = { x: TensorInfo };

/** A tensor of `shape` whose element (i0, i1, …) is that of x at `offset` + sum(i · strides). */
function gathered(
  gpu: TrainingBackend,
  x: TensorInfo,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): TensorInfo {
  const out = gpu.output(shape, x.dtype);
  stridedCopy(gpu, x, out, axesOf(shape, strides, stridesOf(shape)), [offset, 0]);
  return out;
}

/** The same buffer in another shape, owned by the caller. */
function reshaped(gpu: TrainingBackend, x: TensorInfo, shape: readonly number[]): TensorInfo {
  return callKernel(gpu, 'Reshape', { x }, { shape: [...shape] });
}

function transpose({ inputs: { x }, attrs: { perm }, gpu }: KernelCall<OneInput, { perm: number[] }>) {
  const own = stridesOf(x.shape);
  const shape = perm.map((axis) => x.shape[axis]!);
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshaped(gpu, x, shape);
  return gathered(
    gpu,
    x,
    shape,
    perm.map((axis) => own[axis]!),
  );
}

function tile({ inputs: { x }, attrs: { reps }, gpu }: KernelCall<OneInput, { reps: number[] }>) {
  // Each axis becomes two: the repetitions, which stay where they are in x, and the axis itself.
  const own = stridesOf(x.shape);
  const shape = x.shape.flatMap((extent, d) => [reps[d]!, extent]);
  const out = gathered(
    gpu,
    x,
    shape,
    own.flatMap((stride) => [0, stride]),
  );
  return { ...out, shape: x.shape.map((extent, d) => extent * reps[d]!) };
}

function sliced(gpu: TrainingBackend, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const own = stridesOf(x.shape);
  return gathered(
    gpu,
    x,
    size,
    own,
    begin.reduce((sum, first, d) => sum + first * own[d]!, 0),
  );
}

type SliceAttrs = { readonly begin: number | number[]; readonly size: number | number[] };

function slice({ inputs: { x }, attrs, gpu }: KernelCall<OneInput, SliceAttrs>) {
  const [begin, size] = slice_util.parseSliceParams(x as Tensor, attrs.begin, attrs.size) as [number[], number[]];
  slice_util.assertParamsValid(x as Tensor, begin, size);
  return sliced(gpu, x, begin, size);
}

interface StridedSliceAttrs {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

function stridedSlice({ inputs: { x }, attrs, gpu }: KernelCall<OneInput, StridedSliceAttrs>) {
  const { finalShape, begin, end, strides } = slice_util.sliceInfo(
    x.shape,
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  // These are of x's axes: new axes are left out, dropped ones still there.
  const own = stridesOf(x.shape);
  const out = gathered(
    gpu,
    x,
    slice_util.computeOutShape(begin, end, strides),
    own.map((stride, d) => stride * strides[d]!),
    begin.reduce((sum, first, d) => sum + first * own[d]!, 0),
  );
  return { ...out, shape: finalShape };
}

function reverse({ inputs: { x }, attrs: { dims }, gpu }: KernelCall<OneInput, { dims: number | number[] }>) {
  const turned = util.parseAxisParam(dims, x.shape);
  const own = stridesOf(x.shape);
  return gathered(
    gpu,
    x,
    x.shape,
    own.map((stride, d) => (turned.includes(d) ? -stride : stride)),
    turned.reduce((sum, d) => sum + (x.shape[d]! - 1) * own[d]!, 0),
  );
}

interface SplitAttrs {
  readonly numOrSizeSplits: number | number[];
  readonly axis: number;
}

function split({ inputs: { x }, attrs: { numOrSizeSplits, axis }, gpu }: KernelCall<OneInput, SplitAttrs>) {
  const along = util.parseAxisParam(axis, x.shape)[0]!;
  const begin = x.shape.map(() => 0);
  return backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, along).map((extent) => {
    const part = sliced(gpu, x, begin, x.shape.with(along, extent));
    begin[along]! += extent;
    return part;
  });
}

/** Puts x into `out` with its first element at `begin`. */
function placed(gpu: TrainingBackend, x: TensorInfo, out: TensorInfo, begin: readonly number[]): void {
  const target = stridesOf(out.shape);
  const start = begin.reduce((sum, first, d) => sum + first * target[d]!, 0);
  stridedCopy(gpu, x, out, axesOf(x.shape, stridesOf(x.shape), target), [0, start]);
}

function joined(gpu: TrainingBackend, parts: readonly TensorInfo[], axis: number): TensorInfo {
  const shapes = parts.map(({ shape }) => shape);
  const along = util.parseAxisParam(axis, shapes[0]!)[0]!;
  backend_util.assertParamsConsistent(shapes, along);
  const out = gpu.output(backend_util.computeOutShape(shapes, along), parts[0]!.dtype);
  const begin = out.shape.map(() => 0);
  for (const part of parts) {
    placed(gpu, part, out, begin);
    begin[along]! += part.shape[along]!;
  }
  return out;
}

function pad({
  inputs: { x },
  attrs,
  gpu,
}: KernelCall<OneInput, { paddings: [number, number][]; constantValue: number }>) {
  const { paddings, constantValue } = attrs;
  const shape = x.shape.map((extent, d) => extent + paddings[d]![0] + paddings[d]![1]);
  const out = filled(gpu, shape, x.dtype, constantValue);
  placed(
    gpu,
    x,
    out,
    paddings.map(([before]) => before),
  );
  return out;
}

/** Without gaps and with nothing to convert, what tfjs has for strings and complex numbers stays in use. */
function copying<Inputs extends OneInput | TensorInfo[], Attrs>(
  run: KernelRun<Inputs, Attrs>,
): KernelRun<Inputs, Attrs> {
  return (call) => (Object.values(call.inputs as object).every(isCopyable) ? run(call) : call.stock());
}

export function registerLayout(): void {
  kernel(Transpose, copying(transpose));
  kernel(Tile, copying(tile));
  kernel(Slice, copying(slice));
  kernel(StridedSlice, copying(stridedSlice));
  kernel(Reverse, copying(reverse));
  kernel(SplitV, copying(split));
  kernel(PadV2, copying(pad));
  kernel<TensorInfo[], { axis: number }>(
    Concat,
    copying(({ inputs, attrs: { axis }, gpu }) => joined(gpu, Object.values(inputs), axis)),
  );
  kernel<TensorInfo[], { axis: number }>(
    Pack,
    copying(({ inputs, attrs: { axis }, gpu }) => {
      const along = axis < 0 ? axis + inputs[0]!.shape.length + 1 : axis;
      const parts = Object.values(inputs).map((part) => ({ ...part, shape: part.shape.toSpliced(along, 0, 1) }));
      return joined(gpu, parts, along);
    }),
  );
  kernel<{ value: TensorInfo }, { axis: number }>(Unpack, ({ inputs: { value }, attrs: { axis }, gpu, stock }) => {
    if (!isCopyable(value)) return stock();
    const along = util.parseAxisParam(axis, value.shape)[0]!;
    const shape = value.shape.toSpliced(along, 1);
    return Array.from({ length: value.shape[along]! }, (_, i) => {
      const begin = value.shape.map((_extent, d) => (d === along ? i : 0));
      return { ...sliced(gpu, value, begin, value.shape.with(along, 1)), shape };
    });
  });
  kernel<OneInput, { shape: number[] }>(
    BroadcastTo,
    copying(({ inputs: { x }, attrs: { shape }, gpu }) => gathered(gpu, x, shape, broadcastStrides(x.shape, shape))),
  );
}
