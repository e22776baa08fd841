import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  FusedConv2D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { type FinishAttrs, type FinishInputs, finishApart, finishInPlace } from './finish.ts';
import { isSplit, product } from './product.ts';
import { matrixOperand, whole } from './product-matrix.ts';
import type { Product } from './product-spec.ts';
import { type ConvInfo, filterColumns, sourceRows, windowColumns, windowRows } from './product-windows.ts';

type Shape4 = [number, number, number, number];
interface Attrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dilations?: [number, number] | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function infoOf(inShape: readonly number[], filterShape: readonly number[], attrs: Attrs): ConvInfo {
  const { strides, dilations = 1, pad, dimRoundingMode } = attrs;
  return backend_util.computeConv2DInfo(
    [...inShape] as Shape4,
    [...filterShape] as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
}

/** Whether what the windows see is the image itself. */
function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth, padInfo }: ConvInfo): boolean {
  return (
    filterHeight * filterWidth * strideHeight * strideWidth === 1 &&
    padInfo.top + padInfo.left + padInfo.bottom + padInfo.right === 0
  );
}

function productOrZeros(gpu: TrainingBackend, spec: Product): TensorInfo {
  if (spec.m * spec.n * spec.k > 0) return product(gpu, spec);
  return filled(gpu, [...spec.shape], 'float32', 0);
}

/** `y[p, o] = Σ over taps and channels of window(x)[p, tap, c] filter[tap, c, o]`, windows read in place: none is laid out in memory. */
function convolution(
  gpu: TrainingBackend,
  { x, filter, ...finishInputs }: { x: TensorInfo; filter: TensorInfo } & FinishInputs,
  attrs: Attrs & FinishAttrs,
): TensorInfo {
  const info = infoOf(x.shape, filter.shape, attrs);
  const n = info.outChannels;
  const m = info.batchSize * info.outHeight * info.outWidth;
  const k = info.filterHeight * info.filterWidth * info.inChannels;
  const sizes = { batch: 1, m, n, k };
  const split = m * n * k > 0 && isSplit(gpu, sizes);
  const finish = split || k === 0 ? undefined : finishInPlace(finishInputs, attrs, n);
  const y = productOrZeros(gpu, {
    name: 'conv2d',
    shape: info.outShape,
    ...sizes,
    a: isPointwise(info) ? matrixOperand('a', x, false, { outer: m, inner: k }, whole) : windowRows(x, info),
    b: matrixOperand('b', filter, false, { outer: n, inner: k }, whole),
    finish,
  });
  return finish ? y : finishApart(gpu, y, finishInputs, attrs);
}

/** `dfilter[tap, c, o] = Σ over p of window(x)[p, tap, c] dy[p, o]`, positions in parts that are added up in their order. */
function filterGradient(gpu: TrainingBackend, x: TensorInfo, dy: TensorInfo, info: ConvInfo): TensorInfo {
  const k = info.batchSize * info.outHeight * info.outWidth;
  const m = info.filterHeight * info.filterWidth * info.inChannels;
  const n = info.outChannels;
  return productOrZeros(gpu, {
    name: 'conv2d-filter-grad',
    shape: info.filterShape,
    batch: 1,
    m,
    n,
    k,
    a: isPointwise(info) ? matrixOperand('a', x, true, { outer: m, inner: k }, whole) : windowColumns(x, info),
    b: matrixOperand('b', dy, false, { outer: n, inner: k }, whole),
  });
}

/** `dx[q, c] = Σ over taps and o of dy[p, o] filter[tap, c, o]`, p being the position whose window sees pixel q with the tap. */
function inputGradient(gpu: TrainingBackend, dy: TensorInfo, filter: TensorInfo, info: ConvInfo): TensorInfo {
  const m = info.batchSize * info.inHeight * info.inWidth;
  const n = info.inChannels;
  const k = info.filterHeight * info.filterWidth * info.outChannels;
  const pointwise = isPointwise(info);
  return productOrZeros(gpu, {
    name: 'conv2d-input-grad',
    shape: info.inShape,
    batch: 1,
    m,
    n,
    k,
    a: pointwise ? matrixOperand('a', dy, false, { outer: m, inner: k }, whole) : sourceRows(dy, info),
    b: pointwise ? matrixOperand('b', filter, true, { outer: n, inner: k }, whole) : filterColumns(filter, info),
  });
}

export function registerConvolutions(): void {
  kernel<{ x: TensorInfo; filter: TensorInfo }, Attrs>(Conv2D, ({ inputs, attrs, gpu, stock }) =>
    // A fused convolution's rule hands its attributes over as they are; the activation is not for this kernel.
    attrs.dataFormat === 'NCHW' ? stock() : convolution(gpu, inputs, { ...attrs, activation: 'linear' }),
  );
  kernel<{ x: TensorInfo; filter: TensorInfo } & FinishInputs, Attrs & FinishAttrs>(
    FusedConv2D,
    ({ inputs, attrs, gpu, stock }) => (attrs.dataFormat === 'NCHW' ? stock() : convolution(gpu, inputs, attrs)),
  );
  kernel<{ x: TensorInfo; dy: TensorInfo }, Attrs & { filterShape: number[] }>(
    Conv2DBackpropFilter,
    ({ inputs: { x, dy }, attrs, gpu, stock }) =>
      attrs.dataFormat === 'NCHW'
        ? stock()
        : filterGradient(gpu, x, dy, infoOf(x.shape, attrs.filterShape, { ...attrs, dilations: 1 })),
  );
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Attrs & { inputShape: number[] }>(
    Conv2DBackpropInput,
    ({ inputs: { dy, filter }, attrs, gpu, stock }) =>
      attrs.dataFormat === 'NCHW'
        ? stock()
        : inputGradient(gpu, dy, filter, infoOf(attrs.inputShape, filter.shape, { ...attrs, dilations: 1 })),
  );
}
