import type { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Runs modules one after the other and lets go of each value as soon as the next is made: a deep model that is not
 * differentiated then holds two values at a time. What the tape keeps, it keeps by itself. `x` remains the caller's.
 */
export function chain<Rest extends readonly unknown[]>(
  modules: readonly Module<[Tensor, ...Rest]>[],
  x: Tensor,
  ...rest: Rest
): Tensor {
  let value = x;
  for (const module of modules) {
    const next = module.call(value, ...rest);
    if (value !== x && value !== next) value.dispose();
    value = next;
  }
  return value;
}
