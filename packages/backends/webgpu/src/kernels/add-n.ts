import { AddN, type TensorInfo } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';

/**
 * y = Σ xᵢ. A device binds a limited number of buffers at once: tfjs's kernel fails on more tensors than that. It also takes
 * integers for floats: they are added in pairs.
 */
export function registerAddN(): void {
  kernel<readonly TensorInfo[]>(AddN, ({ inputs, gpu, stock }) => {
    if (inputs.length > 1 && inputs.every(({ dtype }) => dtype === 'int32')) return integerSum(gpu, inputs);
    const most = gpu.device.limits.maxStorageBuffersPerShaderStage - 1;
    // The engine gives kernels of many operands an array, whatever the type says.
    const sumOf = (terms: readonly TensorInfo[]) => stock(terms as never) as TensorInfo;
    if (inputs.length <= most) return sumOf(inputs);
    let sum = sumOf(inputs.slice(0, most));
    for (let from = most; from < inputs.length; from += most - 1) {
      const before = sum;
      sum = sumOf([before, ...inputs.slice(from, from + most - 1)]);
      gpu.disposeData(before.dataId);
    }
    return sum;
  });
}

function integerSum(gpu: TrainingBackend, [first, ...rest]: readonly TensorInfo[]): TensorInfo {
  return rest.reduce((a, b) => {
    const sum = callKernel(gpu, 'Add', { a, b });
    if (a !== first) gpu.disposeData(a.dataId);
    return sum;
  }, first!);
}
