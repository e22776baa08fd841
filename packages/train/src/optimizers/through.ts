import { type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Ops in a row on a new tensor, each result freed as soon as the next is made: a tfjs scope alone would keep all of them. */
export function through(first: Tensor, ...ops: readonly ((x: Tensor) => Tensor)[]): Tensor {
  return ops.reduce((x, op) => {
    const next = tidy(() => op(x));
    if (next !== x) x.dispose();
    return next;
  }, first);
}
