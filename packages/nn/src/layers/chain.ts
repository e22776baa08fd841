import { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A module, or a function such as `relu`; a layer that a model may lack is passed over. */
export type Link<Rest extends readonly unknown[] = []> =
  | Module<[Tensor, ...Rest]>
  | ((x: Tensor, ...rest: Rest) => Tensor)
  | undefined;

/**
 * Runs modules and functions one after the other and lets go of each value as soon as the next is made: a deep model that
 * is not differentiated then holds two values at a time. What the tape keeps, it keeps by itself. `x` remains the caller's.
 */
export function chain<Rest extends readonly unknown[]>(links: readonly Link<Rest>[], x: Tensor, ...rest: Rest): Tensor {
  let value = x;
  for (const link of links) {
    if (!link) continue;
    const next = link instanceof Module ? link.call(value, ...rest) : link(value, ...rest);
    if (value !== x && value !== next) value.dispose();
    value = next;
  }
  return value;
}
