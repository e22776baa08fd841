import {
  backend_util,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  Conv3D,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { inPositions, outPositions, tapsOf, type WindowInfo } from '../geometry.ts';
import type { Heap } from '../heap.ts';
import { callKernel, type KernelCall, kernel } from '../register.ts';
import { forBlocks } from '../window-rows.ts';

type Stride = [number, number] | number;
type Stride3 = [number, number, number] | number;
type Padding = 'valid' | 'same' | number;
interface Attrs2d {
  readonly strides: Stride;
  readonly pad: Padding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: [number, number, number, number];
  readonly inputShape: [number, number, number, number];
}
interface Attrs3d {
  readonly strides: Stride3;
  readonly pad: Padding;
  readonly dilations?: Stride3;
  readonly filterShape: [number, number, number, number, number];
  readonly inputShape: [number, number, number, number, number];
}
type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

/** Whether the rows of windows are the image itself. */
function isPointwise(info: WindowInfo): boolean {
  return (
    tapsOf(info) === 1 && outPositions(info) === inPositions(info) && info.padInfo.top === 0 && info.padInfo.left === 0
  );
}

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Address of n numbers to add to every row, or 0. */
  readonly bias?: number;
  readonly accumulate?: boolean;
}

/** c [m, n] = op(a) op(b), all without gaps. */
function product(
  heap: Heap,
  { m, n, k, a, b, c, transposeA = false, transposeB = false, bias = 0, accumulate = false }: Product,
): void {
  heap.kernels.gemmBatched(
    1,
    1,
    m,
    n,
    k,
    a,
    transposeA ? m : k,
    0,
    0,
    +transposeA,
    b,
    transposeB ? k : n,
    0,
    0,
    +transposeB,
    c,
    n,
    0,
    0,
    bias,
    +accumulate,
    heap.workspace,
  );
}

/** y = convolution of x with filter [taps, in, out], plus the `out` numbers at address `bias` unless it is 0. */
export function convolution(heap: Heap, info: WindowInfo, x: TensorInfo, filter: TensorInfo, bias = 0): TensorInfo {
  const y = heap.output(info.outShape);
  const [positions, k, n] = [outPositions(info), tapsOf(info) * info.inChannels, info.outChannels];
  const b = heap.at(filter);
  if (isPointwise(info)) {
    product(heap, { m: info.batchSize * positions, n, k, a: heap.at(x), b, c: heap.at(y), bias });
    return y;
  }
  const imageBytes = 4 * inPositions(info) * info.inChannels;
  forBlocks(heap, info, ({ rows: a, first, count, eachImage }) => {
    eachImage((geometry, from, to, image, rows) =>
      heap.kernels.imageToRows(geometry, from, to, heap.at(x) + image * imageBytes, rows),
    );
    product(heap, { m: count, n, k, a, b, c: heap.at(y) + 4 * first * n, bias });
  });
  return y;
}

/** dfilter = rows of x, transposed, times dy. */
function filterGradient(heap: Heap, info: WindowInfo, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const dfilter = heap.output(info.filterShape);
  const [positions, m, n] = [outPositions(info), tapsOf(info) * info.inChannels, info.outChannels];
  const c = heap.at(dfilter);
  if (isPointwise(info) || info.batchSize * positions === 0) {
    product(heap, { m, n, k: info.batchSize * positions, a: heap.at(x), transposeA: true, b: heap.at(dy), c });
    return dfilter;
  }
  const imageBytes = 4 * inPositions(info) * info.inChannels;
  forBlocks(heap, info, ({ rows: a, first, count, eachImage }) => {
    eachImage((geometry, from, to, image, rows) =>
      heap.kernels.imageToRows(geometry, from, to, heap.at(x) + image * imageBytes, rows),
    );
    const b = heap.at(dy) + 4 * first * n;
    product(heap, { m, n, k: count, a, transposeA: true, b, c, accumulate: first > 0 });
  });
  return dfilter;
}

/** dx = rows of dy times the transposed filter, added back to where the windows looked. */
function inputGradient(heap: Heap, info: WindowInfo, dy: TensorInfo, filter: TensorInfo): TensorInfo {
  const dx = heap.output(info.inShape);
  const [positions, n, k] = [outPositions(info), tapsOf(info) * info.inChannels, info.outChannels];
  const b = heap.at(filter);
  if (isPointwise(info)) {
    product(heap, { m: info.batchSize * positions, n, k, a: heap.at(dy), b, transposeB: true, c: heap.at(dx) });
    return dx;
  }
  heap.view(dx).fill(0);
  const imageBytes = 4 * inPositions(info) * info.inChannels;
  forBlocks(heap, info, ({ rows: c, first, count, eachImage }) => {
    product(heap, { m: count, n, k, a: heap.at(dy) + 4 * first * k, b, transposeB: true, c });
    eachImage((geometry, from, to, image, rows) =>
      heap.kernels.rowsToImage(geometry, from, to, rows, heap.at(dx) + image * imageBytes),
    );
  });
  return dx;
}

const toLast = { perm: [0, 2, 3, 1] };

function conv2dFilterGradient({
  inputs: { x, dy },
  attrs,
  heap,
}: KernelCall<{ x: TensorInfo; dy: TensorInfo }, Attrs2d>): TensorInfo {
  const { strides, pad, dimRoundingMode, filterShape } = attrs;
  const infoOf = (shape: number[]): WindowInfo =>
    backend_util.computeConv2DInfo(shape as Shape4, filterShape, strides, 1, pad, dimRoundingMode);
  if (attrs.dataFormat !== 'NCHW') return filterGradient(heap, infoOf(x.shape), x, dy);
  const [lastX, lastDy] = [
    callKernel(heap, 'Transpose', { x }, toLast),
    callKernel(heap, 'Transpose', { x: dy }, toLast),
  ];
  const made = filterGradient(heap, infoOf(lastX.shape), lastX, lastDy);
  heap.free(lastX);
  heap.free(lastDy);
  return made;
}

export function registerConvolutions(): void {
  kernel(Conv2DBackpropFilter, conv2dFilterGradient);
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Attrs2d>(
    Conv2DBackpropInput,
    ({ inputs: { dy, filter }, attrs, heap, stock }) => {
      const { strides, pad, dimRoundingMode, inputShape } = attrs;
      if (attrs.dataFormat === 'NCHW') return stock();
      const info = backend_util.computeConv2DInfo(inputShape, filter.shape as Shape4, strides, 1, pad, dimRoundingMode);
      return inputGradient(heap, info, dy, filter);
    },
  );
  kernel<{ x: TensorInfo; filter: TensorInfo }, Attrs3d>(
    Conv3D,
    ({ inputs: { x, filter }, attrs: { strides, pad, dilations }, heap }) =>
      convolution(
        heap,
        backend_util.computeConv3DInfo(
          x.shape as Shape5,
          filter.shape as Shape5,
          strides,
          dilations ?? 1,
          pad as 'same',
        ),
        x,
        filter,
      ),
  );
  kernel<{ x: TensorInfo; dy: TensorInfo }, Attrs3d>(
    Conv3DBackpropFilterV2,
    ({ inputs: { x, dy }, attrs: { strides, pad, filterShape }, heap }) =>
      filterGradient(
        heap,
        backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, strides, 1, pad as 'same'),
        x,
        dy,
      ),
  );
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Attrs3d>(
    Conv3DBackpropInputV2,
    ({ inputs: { dy, filter }, attrs: { strides, pad, inputShape }, heap }) =>
      inputGradient(
        heap,
        backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, strides, 1, pad as 'same'),
        dy,
        filter,
      ),
  );
}
