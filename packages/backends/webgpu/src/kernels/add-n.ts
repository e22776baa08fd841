import { AddN, type TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

/** y = Σ xᵢ. A device binds a limited number of buffers at once: tfjs's kernel fails on more tensors than that. */
export function registerAddN(): void {
  kernel<readonly TensorInfo[]>(AddN, ({ inputs, gpu, stock }) => {
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
