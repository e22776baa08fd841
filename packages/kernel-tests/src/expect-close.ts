import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/**
 * Fails unless |actual - expected| <= tolerance * max(|expected|, scale) everywhere. `scale` is the size of the terms that cancel
 * in `expected`, by default the root mean square of `expected`.
 */
export function expectClose(
  actual: Tensor | ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  scale = rootMeanSquare(expected),
): void {
  const values = 'dataId' in actual ? actual.dataSync() : actual;
  expect(values.length).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(values[i]! - expected[i]!) / Math.max(Math.abs(expected[i]!), scale);
    if (!(error <= worst)) {
      worst = error;
      at = i;
    }
  }
  expect(worst, `element ${at} of ${expected.length}: ${values[at]} instead of ${expected[at]}`).toBeLessThanOrEqual(
    tolerance,
  );
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return values.length === 0 ? 1 : Math.sqrt(sum / values.length);
}
