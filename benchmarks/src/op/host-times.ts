import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Milliseconds of each of `count` runs, until all that `run` asks of the device, and the copy of its value to the host, is said to it, the
 * last submit included; what the device then does is waited for, but not counted.
 */
export async function hostTimes(count: number, run: () => Tensor): Promise<number[]> {
  const measured: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const value = run();
    // A backend may keep commands back until values are asked for.
    const reading = value.data();
    measured.push(performance.now() - start);
    await reading;
    value.dispose();
  }
  return measured;
}
