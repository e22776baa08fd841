import { add, mul, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * a + share · (b − a): where both are the same, bit for bit that, so that what does not change is not changed by averaging.
 */
export function towards(a: Tensor, b: Tensor, share: number): Tensor {
  return tidy(() => add(a, mul(sub(b, a), share)));
}

/** Share of the newest point in a mean of `points` earlier ones: (wa · n + θ) / (n + 1) (Zheng et al. 2023, section 3.3). */
export function shareOfNext(points: number): number {
  return 1 / (points + 1);
}

/** Whether a mean takes in update `update` (from 0) of a task: the first, and every so many after it. */
export function takesIn(update: number, every: number): boolean {
  return update % every === 0;
}
