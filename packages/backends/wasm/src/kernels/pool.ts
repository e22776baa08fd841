import {
  backend_util,
  Dilation2D,
  Dilation2DBackpropFilter,
  Dilation2DBackpropInput,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  MaxPoolWithArgmax,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { type WindowInfo, withGeometry } from '../geometry.ts';
import type { Heap } from '../heap.ts';
import { kernel } from '../register.ts';

// tfjs's kernels of these names start their search for the maximum at the smallest positive float, so that windows of negative numbers
// come out wrong.

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Rounding = 'floor' | 'round' | 'ceil';
interface Pool<Size> {
  readonly filterSize: Size | number;
  readonly strides: Size | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: Rounding;
  readonly includeBatchInIndex?: boolean;
}
type Pool2d = Pool<[number, number]>;
type Pool3d = Pool<[number, number, number]>;
interface DilationAttrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same';
  readonly dilations: [number, number] | number;
}

const info2d = (x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool2d): WindowInfo =>
  backend_util.computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode);
const info3d = (x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool3d): WindowInfo =>
  backend_util.computePool3DInfo(x.shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode, 'NDHWC');
const dilationInfo = (x: TensorInfo, filter: TensorInfo, { strides, pad, dilations }: DilationAttrs): WindowInfo =>
  backend_util.computeDilation2DInfo(
    x.shape as Shape4,
    filter.shape as [number, number, number],
    strides,
    pad,
    'NHWC',
    dilations,
  );

export function maxima(
  heap: Heap,
  info: WindowInfo,
  x: TensorInfo,
  filter?: TensorInfo,
  positions?: TensorInfo,
  includeBatch = false,
): TensorInfo {
  const y = heap.output(info.outShape);
  withGeometry(heap, info, (geometry) =>
    heap.kernels.maxPool(
      geometry,
      heap.at(x),
      heap.atOrNull(filter),
      heap.at(y),
      heap.atOrNull(positions),
      +includeBatch,
    ),
  );
  return y;
}

/** Which of equal maxima gets the gradient is what tfjs's cpu kernels do: the first in 2-D, the last in 3-D. */
function routed(
  heap: Heap,
  info: WindowInfo,
  dy: TensorInfo,
  x: TensorInfo,
  ties: 'first' | 'last',
  filter?: TensorInfo,
  toFilter = false,
): TensorInfo {
  const out = heap.output((toFilter ? filter! : x).shape);
  const [dx, dfilter] = toFilter ? [0, heap.at(out)] : [heap.at(out), 0];
  withGeometry(heap, info, (geometry) =>
    heap.kernels.maxPoolGrad(geometry, heap.at(dy), heap.at(x), heap.atOrNull(filter), dx, dfilter, +(ties === 'last')),
  );
  return out;
}

export function registerPools(): void {
  kernel<{ x: TensorInfo }, Pool2d>(MaxPoolWithArgmax, ({ inputs: { x }, attrs, heap }) => {
    const info = info2d(x, attrs);
    const positions = heap.output(info.outShape, 'int32');
    return [maxima(heap, info, x, undefined, positions, attrs.includeBatchInIndex), positions];
  });
  kernel<{ x: TensorInfo }, Pool3d>(MaxPool3D, ({ inputs: { x }, attrs, heap }) => maxima(heap, info3d(x, attrs), x));
  kernel<{ dy: TensorInfo; input: TensorInfo }, Pool2d>(MaxPoolGrad, ({ inputs: { dy, input }, attrs, heap }) =>
    routed(heap, info2d(input, attrs), dy, input, 'first'),
  );
  kernel<{ dy: TensorInfo; input: TensorInfo }, Pool3d>(MaxPool3DGrad, ({ inputs: { dy, input }, attrs, heap }) =>
    routed(heap, info3d(input, attrs), dy, input, 'last'),
  );

  type Dilation = { x: TensorInfo; filter: TensorInfo };
  kernel<Dilation, DilationAttrs>(Dilation2D, ({ inputs: { x, filter }, attrs, heap }) =>
    maxima(heap, dilationInfo(x, filter, attrs), x, filter),
  );
  kernel<Dilation & { dy: TensorInfo }, DilationAttrs>(
    Dilation2DBackpropInput,
    ({ inputs: { x, filter, dy }, attrs, heap }) =>
      routed(heap, dilationInfo(x, filter, attrs), dy, x, 'first', filter),
  );
  kernel<Dilation & { dy: TensorInfo }, DilationAttrs>(
    Dilation2DBackpropFilter,
    ({ inputs: { x, filter, dy }, attrs, heap }) =>
      routed(heap, dilationInfo(x, filter, attrs), dy, x, 'first', filter, true),
  );
}
