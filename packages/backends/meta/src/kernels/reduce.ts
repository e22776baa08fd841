import {
  All,
  Any,
  ArgMax,
  ArgMin,
  Bincount,
  backend_util,
  Cumprod,
  Cumsum,
  type DataType,
  DenseBincount,
  Max,
  Mean,
  Min,
  Prod,
  Sum,
  type TensorInfo,
  TopK,
  util,
} from '@tensorflow/tfjs-core';
import { kernel, like } from '../register.ts';

type Axes = number | number[];

/** Attributes of reductions; only Max has another name for its axes. */
interface Attrs {
  readonly axis?: Axes;
  readonly reductionIndices?: Axes;
  readonly keepDims?: boolean;
}

function reductions(kernelNames: readonly string[], dtype?: DataType): void {
  for (const name of kernelNames) {
    kernel<{ x: TensorInfo }, Attrs>(name, ({ inputs: { x }, attrs, made }) => {
      const axes = util.parseAxisParam((attrs.axis ?? attrs.reductionIndices) as Axes, x.shape);
      const [shape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
      return made(attrs.keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape, dtype ?? x.dtype);
    });
  }
}

function counts(kernelNames: readonly string[]): void {
  for (const name of kernelNames) {
    kernel<{ x: TensorInfo; weights: TensorInfo }, { size: number }>(name, ({ inputs: { x, weights }, attrs, made }) =>
      made(x.shape.length === 1 ? [attrs.size] : [x.shape[0] as number, attrs.size], weights.dtype),
    );
  }
}

export function registerReductions(): void {
  reductions([All, Any, Max, Min, Prod, Sum]);
  reductions([Mean], 'float32');
  reductions([ArgMax, ArgMin], 'int32');
  like('x', [Cumsum, Cumprod]);
  counts([Bincount, DenseBincount]);
  kernel<{ x: TensorInfo }, { k: number }>(TopK, ({ inputs: { x }, attrs: { k }, made }) => {
    const shape = x.shape.with(-1, k);
    return [made(shape, x.dtype), made(shape, 'int32')];
  });
}
