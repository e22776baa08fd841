import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { kernel } from '../register.ts';

interface AdamWInputs {
  readonly parameter: TensorInfo;
  readonly gradient: TensorInfo;
  readonly m: TensorInfo;
  readonly v: TensorInfo;
}
interface AdamWAttrs {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Updates so far, this one included: 1 at the first. */
  readonly step: number;
}

/** What a kernel without a result returns, because the engine wants one. */
function nothing(heap: Heap): TensorInfo {
  return heap.output([], 'int32');
}

export function registerUpdates(): void {
  kernel<AdamWInputs, AdamWAttrs>('tapgrad.AdamW', ({ inputs: { parameter, gradient, m, v }, attrs, heap }) => {
    const { learningRate, beta1, beta2, epsilon, weightDecay, step } = attrs;
    heap.kernels.adamW(
      util.sizeFromShape(parameter.shape),
      heap.at(parameter),
      heap.at(gradient),
      heap.at(m),
      heap.at(v),
      beta1,
      beta2,
      1 - beta1,
      1 - beta2,
      epsilon,
      1 - learningRate * weightDecay,
      learningRate / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
    );
    heap.written(parameter);
    return nothing(heap);
  });
  kernel<{ a: TensorInfo; b: TensorInfo }>('tapgrad.AddInPlace', ({ inputs: { a, b }, heap }) => {
    heap.kernels.addInPlace(util.sizeFromShape(a.shape), heap.at(a), heap.at(b));
    heap.written(a);
    return nothing(heap);
  });
}
