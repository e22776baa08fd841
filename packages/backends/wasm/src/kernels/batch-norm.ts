import { FusedBatchNorm, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../register.ts';

interface BatchNormInputs {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo | null;
  readonly offset?: TensorInfo | null;
}

interface GradientInputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly weight?: TensorInfo | null;
}

interface GradientNeeds {
  readonly epsilon: number;
  readonly needX?: boolean;
  readonly needWeight?: boolean;
  readonly needBias?: boolean;
}

/** Gradients with the batch's own statistics; those that are needed, in the order x, weight, bias. */
function gradient({ inputs, attrs, heap }: KernelCall<GradientInputs, GradientNeeds>): TensorInfo[] {
  const { dy, x, mean, variance, weight } = inputs;
  const d = x.shape.at(-1) ?? 1;
  const rows = util.sizeFromShape(x.shape.slice(0, -1));
  const dx = attrs.needX ? heap.output(x.shape) : undefined;
  const dweight = attrs.needWeight ? heap.output([d]) : undefined;
  const dbias = attrs.needBias ? heap.output([d]) : undefined;
  heap.scratch(20 * d, (scratch) =>
    heap.kernels.batchNormGrad(
      rows,
      d,
      heap.at(dy),
      heap.at(x),
      heap.at(mean),
      heap.at(variance),
      heap.atOrNull(weight),
      attrs.epsilon,
      heap.atOrNull(dx),
      heap.atOrNull(dweight),
      heap.atOrNull(dbias),
      scratch,
    ),
  );
  return [dx, dweight, dbias].filter((made) => made !== undefined);
}

export function registerBatchNorm(): void {
  kernel('tapgrad.BatchNormGrad', gradient);
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
