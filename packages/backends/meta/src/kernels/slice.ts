import {
  backend_util,
  Slice,
  SplitV,
  StridedSlice,
  slice_util,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { axisOf, kernel } from '../register.ts';

type X = { readonly x: TensorInfo };

interface StridedAttrs {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

export function registerSlices(): void {
  kernel<X, { begin: number | number[]; size: number | number[] }>(Slice, ({ inputs: { x }, attrs, made }) => {
    const [begin, size] = slice_util.parseSliceParams(x as Tensor, attrs.begin, attrs.size) as [number[], number[]];
    slice_util.assertParamsValid(x as Tensor, begin, size);
    return made(size, x.dtype);
  });
  kernel<X, { numOrSizeSplits: number | number[]; axis: number }>(SplitV, ({ inputs: { x }, attrs, made }) => {
    const axis = axisOf(attrs.axis, x.shape);
    const sizes = backend_util.prepareSplitSize(x as Tensor, attrs.numOrSizeSplits, axis);
    return sizes.map((size) => made(x.shape.with(axis, size), x.dtype));
  });
  kernel<X, StridedAttrs>(StridedSlice, ({ inputs: { x }, attrs, made, view }) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
    const { finalShape, isIdentity, sliceDim0, isSimpleSlice } = slice_util.sliceInfo(
      x.shape,
      begin,
      end,
      strides,
      ...masks,
    );
    if (isIdentity) return view(x, finalShape);
    return made(finalShape, sliceDim0 || isSimpleSlice ? x.dtype : 'float32');
  });
}
