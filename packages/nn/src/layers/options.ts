import type { RandomStream } from '@tapgrad/core';
import { TapgradError } from '@tapgrad/core';

/** What every layer with initial values takes. */
export interface RandomOption {
  /** Where initial values are drawn from; default: a stream shared by all layers (`seedInitialValues`). */
  readonly random?: RandomStream | undefined;
}

/** A whole number or a pair: `[height, width]`. */
export type Pair = number | readonly [number, number];

export function pair(value: Pair): [number, number] {
  return typeof value === 'number' ? [value, value] : [value[0], value[1]];
}

/** Throws `BAD_OPTION` unless every size is a whole number from 1. */
export function checkSizes(owner: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new TapgradError({
        code: 'BAD_OPTION',
        message: `${owner}: ${name} is ${size}`,
        fix: `give ${name} as a whole number from 1`,
      });
    }
  }
}
