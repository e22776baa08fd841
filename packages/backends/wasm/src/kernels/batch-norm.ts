import { FusedBatchNorm, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

interface BatchNormInputs {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo | null;
  readonly offset?: TensorInfo | null;
}

export function registerBatchNorm(): void {
  kernel<BatchNormInputs, { varianceEpsilon: number }>(FusedBatchNorm, ({ inputs, attrs, heap, stock }) => {
    const { x, mean, variance, scale, offset } = inputs;
    const channels = x.shape.at(-1) ?? 1;
    const perChannel = [mean, variance, scale, offset].every(
      (each) => each == null || util.arraysEqual(each.shape, [channels]),
    );
    if (!perChannel || x.dtype !== 'float32') return stock();
    const y = heap.output(x.shape);
    const rows = util.sizeFromShape(x.shape.slice(0, -1));
    heap.scratch(4 * channels + 4, (factor) =>
      heap.kernels.batchNorm(
        rows,
        channels,
        heap.at(x),
        heap.at(mean),
        heap.at(variance),
        heap.atOrNull(scale),
        heap.atOrNull(offset),
        attrs.varianceEpsilon,
        factor,
        heap.at(y),
      ),
    );
    return y;
  });
}
