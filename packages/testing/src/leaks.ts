import { TapgradError } from '@tapgrad/core';
import { engine } from '@tensorflow/tfjs-core';

/** Tensors (handles) and buffers that a function left behind; negative where it freed what was there before. */
export interface LeakCount {
  readonly tensors: number;
  readonly buffers: number;
}

function count(): LeakCount {
  const { numTensors, numDataBuffers } = engine().state;
  return { tensors: numTensors, buffers: numDataBuffers };
}

/** Counts what `f` leaves behind. Called outside `tf.tidy`, which would clean up after it. */
export function leakOf(f: () => void): LeakCount {
  const before = count();
  f();
  const after = count();
  return { tensors: after.tensors - before.tensors, buffers: after.buffers - before.buffers };
}

/**
 * Runs `f` and checks that no tensor or buffer is left, and none too many freed. A promise is awaited.
 * @throws TapgradError LEAK with the numbers
 */
export function expectNoLeak(f: () => void): void;
export function expectNoLeak(f: () => Promise<void>): Promise<void>;
export function expectNoLeak(f: () => void | Promise<void>): void | Promise<void> {
  const before = count();
  const running = f();
  if (running instanceof Promise) return running.then(() => refuseLeak(before));
  refuseLeak(before);
}

function refuseLeak(before: LeakCount): void {
  const after = count();
  const tensors = after.tensors - before.tensors;
  const buffers = after.buffers - before.buffers;
  if (tensors === 0 && buffers === 0) return;
  throw new TapgradError({
    code: 'LEAK',
    message: `${tensors} tensors and ${buffers} buffers were left behind`,
    fix: 'dispose them, or make them inside tf.tidy',
  });
}
