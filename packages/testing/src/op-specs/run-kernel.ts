import { engine, type NamedAttrMap, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

/** Runs a kernel that no public tfjs op dispatches, with its tensor inputs by name. */
export function runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attrs: object = {}): Tensor {
  return engine().runKernel(name, inputs as NamedTensorMap, attrs as NamedAttrMap) as Tensor;
}
