import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { type WindowInfo, withGeometry } from '../geometry.ts';
import { kernel } from '../register.ts';

type Shape4 = [number, number, number, number];
interface Attrs {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: Shape4;
  readonly inputShape: Shape4;
}

function infoOf(
  inputShape: number[],
  filterShape: number[],
  { strides, dilations, pad, dimRoundingMode }: Attrs,
): WindowInfo {
  return backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
}

/** Gradients of depthwise convolutions; filters are `[height, width, channels, multiplier]`. */
export function registerDepthwiseConvolutions(): void {
  kernel<{ x: TensorInfo; dy: TensorInfo }, Attrs>(
    DepthwiseConv2dNativeBackpropFilter,
    ({ inputs: { x, dy }, attrs, heap }) => {
      const dfilter = heap.output(attrs.filterShape);
      withGeometry(heap, infoOf(x.shape, attrs.filterShape, attrs), (geometry) =>
        heap.kernels.depthwiseGrad(geometry, attrs.filterShape[3], heap.at(dy), heap.at(x), heap.at(dfilter), 0, 0),
      );
      return dfilter;
    },
  );
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Attrs>(
    DepthwiseConv2dNativeBackpropInput,
    ({ inputs: { dy, filter }, attrs, heap }) => {
      const dx = heap.output(attrs.inputShape);
      withGeometry(heap, infoOf(attrs.inputShape, filter.shape, attrs), (geometry) =>
        heap.kernels.depthwiseGrad(geometry, filter.shape[3]!, heap.at(dy), 0, 0, heap.at(filter), heap.at(dx)),
      );
      return dx;
    },
  );
}
