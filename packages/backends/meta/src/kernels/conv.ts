import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  Conv3D,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedConv2D,
  FusedDepthwiseConv2D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

interface Operands {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
}
interface Attrs2d {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dilations?: number | [number, number];
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
interface Attrs3d {
  readonly strides: number | [number, number, number];
  readonly pad: 'valid' | 'same';
  readonly dilations?: number | [number, number, number];
}

function convolutions(kernelNames: readonly string[], isDepthwise: boolean): void {
  for (const name of kernelNames) {
    kernel<Operands, Attrs2d>(name, ({ inputs: { x, filter }, attrs, made }) => {
      const { strides, pad, dilations = 1, dimRoundingMode, dataFormat = 'NHWC' } = attrs;
      const { outShape } = backend_util.computeConv2DInfo(
        x.shape as Shape4,
        filter.shape as Shape4,
        strides,
        dilations,
        pad,
        dimRoundingMode,
        isDepthwise,
        backend_util.convertConv2DDataFormat(dataFormat),
      );
      return made(outShape);
    });
  }
}

/** Gradients say in their attributes what shape they have. */
function gradients(of: 'filterShape' | 'inputShape', kernelNames: readonly string[]): void {
  for (const name of kernelNames) {
    kernel<object, Record<typeof of, number[]>>(name, ({ attrs, made }) => made(attrs[of]));
  }
}

export function registerConvolutions(): void {
  convolutions([Conv2D, FusedConv2D], false);
  convolutions([DepthwiseConv2dNative, FusedDepthwiseConv2D], true);
  kernel<Operands, Attrs3d>(Conv3D, ({ inputs: { x, filter }, attrs: { strides, pad, dilations = 1 }, made }) => {
    const shapes = [x.shape as Shape5, filter.shape as Shape5] as const;
    return made(backend_util.computeConv3DInfo(...shapes, strides, dilations, pad).outShape);
  });
  gradients('filterShape', [Conv2DBackpropFilter, Conv3DBackpropFilterV2, DepthwiseConv2dNativeBackpropFilter]);
  gradients('inputShape', [Conv2DBackpropInput, Conv3DBackpropInputV2, DepthwiseConv2dNativeBackpropInput]);
}
