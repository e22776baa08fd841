import {
  backend_util,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  Conv3D,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { inPositions, outPositions, tapsOf, type WindowInfo, withGeometry } from '../geometry.ts';
import type { Heap } from '../heap.ts';
import { callKernel, type KernelCall, kernel } from '../register.ts';

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

/** Bytes of scratch that windows laid out as rows may take. */
const ROWS_LIMIT = 1 << 21;

/** Whether the rows of windows are the image itself. */
function isPointwise(info: WindowInfo): boolean {
  return (
    tapsOf(info) === 1 && outPositions(info) === inPositions(info) && info.padInfo.top === 0 && info.padInfo.left === 0
  );
}

/** Calls `use` for blocks of output positions of each image, with scratch that holds the block's rows. */
function forBlocks(
  heap: Heap,
  info: WindowInfo,
  use: (geometry: number, rows: number, image: number, from: number, to: number) => void,
): void {
  const positions = outPositions(info);
  const rowBytes = 4 * tapsOf(info) * info.inChannels;
  const block = Math.max(1, Math.min(positions, Math.floor(ROWS_LIMIT / rowBytes)));
  withGeometry(heap, info, (geometry) =>
    heap.scratch(block * rowBytes, (rows) => {
      for (let image = 0; image < info.batchSize; image++) {
        for (let from = 0; from < positions; from += block) {
          use(geometry, rows, image, from, Math.min(positions, from + block));
        }
      }
    }),
  );
}

/** c [m, n] = op(a) op(b), all without gaps. */
function product(
  heap: Heap,
  m: number,
  n: number,
  k: number,
  a: number,
  transposeA: boolean,
  b: number,
  transposeB: boolean,
  c: number,
  accumulate = false,
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
    0,
    +accumulate,
    heap.workspace,
  );
}

/** y = convolution of x with filter [taps, in, out]. */
export function convolution(heap: Heap, info: WindowInfo, x: TensorInfo, filter: TensorInfo): TensorInfo {
  const y = heap.output(info.outShape);
  const [positions, width, channels] = [outPositions(info), tapsOf(info) * info.inChannels, info.outChannels];
  const imageBytes = 4 * inPositions(info) * info.inChannels;
  forBlocks(heap, info, (geometry, rows, image, from, to) => {
    heap.kernels.imageToRows(geometry, from, to, heap.at(x) + image * imageBytes, rows);
    product(
      heap,
      to - from,
      channels,
      width,
      rows,
      false,
      heap.at(filter),
      false,
      heap.at(y) + 4 * (image * positions + from) * channels,
    );
  });
  return y;
}

/** dfilter = rows of x, transposed, times dy. */
function filterGradient(heap: Heap, info: WindowInfo, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const dfilter = heap.output(info.filterShape);
  const [positions, width, channels] = [outPositions(info), tapsOf(info) * info.inChannels, info.outChannels];
  if (isPointwise(info) || info.batchSize * positions === 0) {
    product(heap, width, channels, info.batchSize * positions, heap.at(x), true, heap.at(dy), false, heap.at(dfilter));
    return dfilter;
  }
  const imageBytes = 4 * inPositions(info) * info.inChannels;
  forBlocks(heap, info, (geometry, rows, image, from, to) => {
    heap.kernels.imageToRows(geometry, from, to, heap.at(x) + image * imageBytes, rows);
    const dyBlock = heap.at(dy) + 4 * (image * positions + from) * channels;
    product(heap, width, channels, to - from, rows, true, dyBlock, false, heap.at(dfilter), image + from > 0);
  });
  return dfilter;
}

/** dx = rows of dy times the transposed filter, added back to where the windows looked. */
function inputGradient(heap: Heap, info: WindowInfo, dy: TensorInfo, filter: TensorInfo): TensorInfo {
  const dx = heap.output(info.inShape);
  const [positions, width, channels] = [outPositions(info), tapsOf(info) * info.inChannels, info.outChannels];
  if (isPointwise(info)) {
    product(heap, info.batchSize * positions, width, channels, heap.at(dy), false, heap.at(filter), true, heap.at(dx));
    return dx;
  }
  heap.view(dx).fill(0);
  const imageBytes = 4 * inPositions(info) * info.inChannels;
  forBlocks(heap, info, (geometry, rows, image, from, to) => {
    const dyBlock = heap.at(dy) + 4 * (image * positions + from) * channels;
    product(heap, to - from, width, channels, dyBlock, false, heap.at(filter), true, rows);
    heap.kernels.rowsToImage(geometry, from, to, rows, heap.at(dx) + image * imageBytes);
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
