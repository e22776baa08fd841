import {
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
  backend_util,
  Dilation2D,
  Dilation2DBackpropFilter,
  Dilation2DBackpropInput,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  MaxPoolWithArgmax,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { kernel, like } from '../register.ts';

type X = { readonly x: TensorInfo };

interface PoolAttrs<Size> {
  readonly filterSize: Size | number;
  readonly strides: Size | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
interface DilationAttrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same';
  readonly dilations: [number, number] | number;
}

function pooled({ shape }: TensorInfo, attrs: PoolAttrs<[number, number]>): number[] {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const size = shape as [number, number, number, number];
  return backend_util.computePool2DInfo(size, filterSize, strides, 1, pad, dimRoundingMode).outShape;
}

function pooled3d({ shape }: TensorInfo, attrs: PoolAttrs<[number, number, number]>): number[] {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const size = shape as [number, number, number, number, number];
  return backend_util.computePool3DInfo(size, filterSize, strides, 1, pad, dimRoundingMode, 'NDHWC').outShape;
}

export function registerPools(): void {
  for (const name of [AvgPool, MaxPool]) {
    kernel<X, PoolAttrs<[number, number]>>(name, ({ inputs: { x }, attrs, made }) => made(pooled(x, attrs)));
  }
  for (const name of [AvgPool3D, MaxPool3D]) {
    kernel<X, PoolAttrs<[number, number, number]>>(name, ({ inputs: { x }, attrs, made }) => made(pooled3d(x, attrs)));
  }
  kernel<X, PoolAttrs<[number, number]>>(MaxPoolWithArgmax, ({ inputs: { x }, attrs, made }) => {
    const shape = pooled(x, attrs);
    return [made(shape), made(shape, 'int32')];
  });
  like('input', [AvgPoolGrad, AvgPool3DGrad, MaxPoolGrad, MaxPool3DGrad], 'float32');
  kernel<X & { filter: TensorInfo }, DilationAttrs>(Dilation2D, ({ inputs: { x, filter }, attrs, made }) => {
    const shapes = [x.shape as [number, number, number, number], filter.shape as [number, number, number]] as const;
    const { strides, pad, dilations } = attrs;
    return made(backend_util.computeDilation2DInfo(...shapes, strides, pad, 'NHWC', dilations).outShape);
  });
  like('x', [Dilation2DBackpropInput], 'float32');
  like('filter', [Dilation2DBackpropFilter], 'float32');
}
