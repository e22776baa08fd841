import { engine, type Tensor } from '@tensorflow/tfjs-core';

/** Runs a kernel of the current backend by name. */
export function runKernel(name: string, inputs: Record<string, Tensor>, attrs: object = {}): Tensor[] {
  const made = engine().runKernel(name, inputs, attrs as Record<string, number>) as Tensor | Tensor[];
  return Array.isArray(made) ? made : [made];
}
