import {
  BatchToSpaceND,
  BroadcastTo,
  backend_util,
  Concat,
  DepthToSpace,
  Diag,
  ExpandDims,
  MirrorPad,
  Pack,
  PadV2,
  Reshape,
  Reverse,
  SpaceToBatchND,
  type TensorInfo,
  Tile,
  Transpose,
  Unpack,
  util,
} from '@tensorflow/tfjs-core';
import { axisOf, kernel, like, listed } from '../register.ts';

type X = { readonly x: TensorInfo };
type Pairs = [before: number, after: number][];

const expanded = (shape: readonly number[], dim: number): number[] =>
  shape.toSpliced(dim < 0 ? shape.length + dim + 1 : dim, 0, 1);

export function registerShapes(): void {
  kernel<X, { shape: number[] }>(Reshape, ({ inputs: { x }, attrs, view }) => {
    const size = util.sizeFromShape(x.shape);
    const shape = util.inferFromImplicitShape(attrs.shape, size);
    util.assert(size === util.sizeFromShape(shape), () => `[${x.shape}] cannot be reshaped to [${shape}]: other size`);
    return view(x, shape);
  });
  kernel<{ input: TensorInfo }, { dim: number }>(ExpandDims, ({ inputs: { input }, attrs: { dim }, view }) => {
    const rank = input.shape.length;
    util.assert(dim >= -rank - 1 && dim <= rank, () => `axis ${dim} is not in [${-rank - 1}, ${rank}]`);
    return view(input, expanded(input.shape, dim));
  });
  kernel<TensorInfo[], { axis: number }>(Pack, ({ inputs, attrs: { axis }, made, view }) => {
    const parts = listed(inputs);
    const [first] = parts as [TensorInfo];
    if (parts.length === 1) return view(first, expanded(first.shape, axis));
    return made(
      expanded(first.shape, axis).with(axis < 0 ? axis + first.shape.length + 1 : axis, parts.length),
      first.dtype,
    );
  });
  kernel<{ value: TensorInfo }, { axis: number }>(Unpack, ({ inputs: { value }, attrs, made }) => {
    const axis = axisOf(attrs.axis, value.shape);
    return Array.from({ length: value.shape[axis] as number }, () => made(value.shape.toSpliced(axis, 1), value.dtype));
  });
  kernel<TensorInfo[], { axis: number }>(Concat, ({ inputs, attrs, made }) => {
    const parts = listed(inputs);
    const [first] = parts as [TensorInfo];
    const shapes = parts.map(({ shape }) => shape);
    const axis = axisOf(attrs.axis, first.shape);
    backend_util.assertParamsConsistent(shapes, axis);
    return made(backend_util.computeOutShape(shapes, axis), first.dtype);
  });
  kernel<X, { perm: number[] }>(Transpose, ({ inputs: { x }, attrs: { perm }, made }) =>
    made(
      perm.map((axis) => x.shape[axis] as number),
      x.dtype,
    ),
  );
  kernel<X, { reps: number[] }>(Tile, ({ inputs: { x }, attrs: { reps }, made }) =>
    made(
      x.shape.map((length, axis) => length * (reps[axis] as number)),
      x.dtype,
    ),
  );
  kernel<X, { shape: number[] }>(BroadcastTo, ({ inputs: { x }, attrs, made }) => made(attrs.shape, x.dtype));
  for (const name of [PadV2, MirrorPad]) {
    kernel<X, { paddings: Pairs }>(name, ({ inputs: { x }, attrs: { paddings }, made }) =>
      made(
        paddings.map(([before, after], axis) => before + (x.shape[axis] as number) + after),
        x.dtype,
      ),
    );
  }
  like('x', [Reverse]);
  kernel<X>(Diag, ({ inputs: { x }, made }) => made([...x.shape, ...x.shape], x.dtype));
  registerBlocks();
}

/** Kernels that move numbers between axes in blocks. */
function registerBlocks(): void {
  kernel<X, { blockShape: number[]; crops: number[][] }>(BatchToSpaceND, ({ inputs: { x }, attrs, made }) => {
    const { blockShape, crops } = attrs;
    const shape = backend_util.getReshapedPermuted(x.shape, blockShape, util.sizeFromShape(blockShape));
    const cropped = backend_util.getSliceSize(shape, crops, blockShape.length);
    return made([...cropped, ...shape.slice(cropped.length)], x.dtype);
  });
  kernel<X, { blockShape: number[]; paddings: Pairs }>(SpaceToBatchND, ({ inputs: { x }, attrs, made }) => {
    const { blockShape, paddings } = attrs;
    const padded = x.shape.map((length, axis) => {
      const [before, after] = paddings[axis - 1] ?? [0, 0];
      return axis === 0 ? length : before + length + after;
    });
    const blocks = util.sizeFromShape(blockShape);
    return made(backend_util.getReshapedPermuted(padded, blockShape, blocks, false), x.dtype);
  });
  kernel<X, { blockSize: number; dataFormat: 'NHWC' | 'NCHW' }>(DepthToSpace, ({ inputs: { x }, attrs, made }) => {
    const { blockSize, dataFormat } = attrs;
    const last = dataFormat === 'NHWC';
    const [batch, ...rest] = x.shape as [number, number, number, number];
    const [height, width, depth] = last ? rest : [rest[1], rest[2], rest[0]];
    const [tall, wide, shallow] = [height * blockSize, width * blockSize, depth / blockSize ** 2];
    return made(last ? [batch, tall, wide, shallow] : [batch, shallow, tall, wide]);
  });
}
