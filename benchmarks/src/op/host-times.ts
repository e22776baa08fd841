import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Milliseconds of each of `count` runs, until all that `run` asks of the device is said to it, submits included; what the device
 * then does is waited for, but not counted.
 */
export async function hostTimes(count: number, run: () => Tensor): Promise<number[]> {
  const measured: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const value = run();
    measured.push(performance.now() - start);
    await value.data();
    value.dispose();
  }
  return measured;
}
