import type { Module } from '@tapgrad/core';
import { Conv2d } from '@tapgrad/nn';
import * as v from 'valibot';

export const natural = (name: string, least = 1) =>
  v.pipe(
    v.number(),
    v.integer(`${name} must be a whole number`),
    v.minValue(least, `${name} must be at least ${least}`),
  );

export const rate = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

/** Side of a patch in pixels: of the model's convolution `patches`, or the published 16. */
export function patchSizeOf(model: Module<never, unknown>): number {
  const patches = model.namedModules().get('patches');
  if (!(patches instanceof Conv2d)) return 16;
  return typeof patches.kernel === 'number' ? patches.kernel : patches.kernel[0];
}
