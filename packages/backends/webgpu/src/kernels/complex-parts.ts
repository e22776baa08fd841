import { Complex, Imag, Real, type TensorInfo } from '@tensorflow/tfjs-core';
import { axesOf, stridesOf } from '../axes.ts';
import { kernel } from '../register.ts';
import { stridedCopy } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';

function copied(gpu: TrainingBackend, x: TensorInfo): TensorInfo {
  const copy = gpu.output(x.shape);
  const strides = stridesOf(x.shape);
  stridedCopy(gpu, x, copy, axesOf(x.shape, strides, strides));
  return copy;
}

/**
 * Complex tensors of parts that are theirs alone, and the parts copied out again. tfjs's kernels share the buffers of both; where the
 * complex tensor is freed last, the engine goes on counting buffers that are gone.
 */
export function registerComplexParts(): void {
  kernel<{ real: TensorInfo; imag: TensorInfo }>(Complex, ({ inputs, gpu, stock }) => {
    const [real, imag] = [copied(gpu, inputs.real), copied(gpu, inputs.imag)];
    const z = stock({ real, imag });
    for (const part of [real, imag]) gpu.disposeData(part.dataId);
    return z;
  });
  for (const name of [Real, Imag]) {
    kernel(name, ({ gpu, stock }) => {
      const part = stock() as TensorInfo;
      const copy = copied(gpu, part);
      gpu.disposeData(part.dataId);
      return copy;
    });
  }
}
