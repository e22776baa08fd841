import { add, dispose, type Tensor } from '@tensorflow/tfjs-core';
import { hasBufferAlone, hold } from '../engine-seam.ts';
import { runKernelIfAny } from '../ops/own-op.ts';

/**
 * The sum of what has come back so far and one more gradient of the same shape. Takes ownership of `before`, and writes
 * into it if nothing else sees its buffer, no tape follows the two, and the backend can.
 */
export function sumGradients(before: Tensor, gradient: Tensor): Tensor {
  if (before.dtype === 'float32' && gradient.dtype === 'float32' && hasBufferAlone(before)) {
    const done = runKernelIfAny('tapgrad.AddInPlace', { a: before, b: gradient }, {});
    if (done) {
      dispose(done);
      return before;
    }
  }
  const sum = hold(add(before, gradient));
  before.dispose();
  return sum;
}
