// Kernels of tfjs that give wrong results, or write beyond their output, for arguments that tfjs accepts; and convolutions, which
// own matrix products do in less time.
import {
  AvgPool,
  backend_util,
  Cast,
  ClipByValue,
  Conv2D,
  type DataType,
  DepthwiseConv2dNative,
  FusedConv2D,
  FusedDepthwiseConv2D,
  MaxPool,
  type NamedAttrMap,
  NotEqual,
  Prelu,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type WindowInfo, withGeometry } from '../geometry.ts';
import type { Heap } from '../heap.ts';
import { callKernel, kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import { convolution } from './conv.ts';
import { withBroadcast } from './elementwise.ts';
import { finish } from './mat-mul.ts';
import { maxima } from './pool.ts';

type Shape4 = [number, number, number, number];
interface WindowAttrs {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dilations?: number | [number, number];
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly filterSize: number | [number, number];
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}
interface ConvInputs {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo | null;
  readonly preluActivationWeights?: TensorInfo | null;
}

/** Below it, tfjs's convolution is faster than laying windows out as rows. */
const FEW_CHANNELS = 16;

/**
 * Whether XNNPACK, which works the size of its output out again, comes to the size of tfjs's output. With a number as padding tfjs takes a
 * filter's height for its width, too, and XNNPACK then writes beyond the end.
 */
function sameSize(info: WindowInfo): boolean {
  const { padInfo, inHeight, inWidth, effectiveFilterHeight, effectiveFilterWidth, strideHeight, strideWidth } = info;
  const height = Math.floor((inHeight + padInfo.top + padInfo.bottom - effectiveFilterHeight) / strideHeight) + 1;
  const width = Math.floor((inWidth + padInfo.left + padInfo.right - effectiveFilterWidth) / strideWidth) + 1;
  return height === info.outHeight && width === info.outWidth;
}

function registerConvolution(name: string, isDepthwise: boolean): void {
  kernel<ConvInputs, WindowAttrs>(name, ({ inputs, attrs, heap, stock }) => {
    const { x, filter, bias, preluActivationWeights } = inputs;
    const { strides, dilations, pad, dimRoundingMode } = attrs;
    if (attrs.dataFormat === 'NCHW') return stock();
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filter.shape as Shape4,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      isDepthwise,
    );
    if (sameSize(info) && (isDepthwise || info.inChannels < FEW_CHANNELS)) return stock();
    if (isDepthwise) return finish(heap, depthwise(heap, info, x, filter), { bias, preluActivationWeights }, attrs);
    const perChannel = bias != null && util.sizeFromShape(bias.shape) === info.outChannels;
    const y = convolution(heap, info, x, filter, perChannel ? heap.at(bias) : 0);
    return finish(heap, y, { bias: perChannel ? null : bias, preluActivationWeights }, attrs);
  });
}

function depthwise(heap: Heap, info: WindowInfo, x: TensorInfo, filter: TensorInfo): TensorInfo {
  const y = heap.output(info.outShape);
  withGeometry(heap, info, (geometry) =>
    heap.kernels.depthwise(geometry, filter.shape[3]!, heap.at(x), heap.at(filter), heap.at(y)),
  );
  return y;
}

function registerPool(name: string, run: (heap: Heap, info: WindowInfo, x: TensorInfo) => TensorInfo): void {
  kernel<{ x: TensorInfo }, WindowAttrs>(name, ({ inputs: { x }, attrs, heap, stock }) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const info = backend_util.computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode);
    return sameSize(info) ? stock() : run(heap, info, x);
  });
}

/** Replaces x, which the caller owns, by what a kernel makes of it. */
function through(
  heap: Heap,
  x: TensorInfo,
  name: string,
  inputs: (x: TensorInfo) => Record<string, TensorInfo>,
  attrs: NamedAttrMap = {},
): TensorInfo {
  const y = callKernel(heap, name, inputs(x), attrs);
  heap.free(x);
  return y;
}

export function registerCorrections(): void {
  registerConvolution(Conv2D, false);
  registerConvolution(FusedConv2D, false);
  registerConvolution(DepthwiseConv2dNative, true);
  registerConvolution(FusedDepthwiseConv2D, true);
  registerPool(MaxPool, (heap, info, x) => maxima(heap, info, x));
  registerPool(AvgPool, (heap, info, x) => {
    const y = heap.output(info.outShape);
    withGeometry(heap, info, (geometry) => heap.kernels.averagePool(geometry, heap.at(x), heap.at(y)));
    return y;
  });
  // tfjs reads alpha as one number a channel, whatever its shape.
  kernel<{ x: TensorInfo; alpha: TensorInfo }>(Prelu, ({ inputs: { x, alpha }, heap, stock }) =>
    withBroadcast(heap, alpha, x.shape, (wide) => stock({ x, alpha: wide })),
  );
  // tfjs truncates: 0.5 would be false.
  kernel<{ x: TensorInfo }, { dtype: DataType }>(Cast, ({ inputs: { x }, attrs: { dtype }, heap, stock }) => {
    if (dtype !== 'bool' || x.dtype === 'bool' || !isCopyable(x)) return stock();
    const zero = heap.output([], x.dtype);
    heap.view(zero).fill(0);
    return through(heap, zero, NotEqual, (b) => ({ a: x, b }));
  });
  // tfjs takes integers for floats.
  kernel<{ x: TensorInfo }, { clipValueMin: number; clipValueMax: number }>(
    ClipByValue,
    ({ inputs: { x }, attrs, heap, stock }) => {
      if (x.dtype !== 'int32') return stock();
      const y = heap.output(x.shape, x.dtype);
      const [from, to] = [heap.view(x), heap.view(y)];
      for (let i = 0; i < to.length; i++) to[i] = Math.max(attrs.clipValueMin, Math.min(attrs.clipValueMax, from[i]!));
      return y;
    },
  );
}
