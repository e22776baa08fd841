import { engine, fill, type NamedAttrMap, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Runs a kernel that has no public tfjs op (most backward kernels). It is recorded like any other,
 * so a rule written with it has second derivatives.
 */
export function runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attrs: object = {}): Tensor {
  return engine().runKernel(name, inputs as NamedTensorMap, attrs as NamedAttrMap) as Tensor;
}

/** Stands for a kernel input of which only the shape is read. */
export function shapeOnly(shape: readonly number[]): Tensor {
  return fill([...shape], 0);
}
