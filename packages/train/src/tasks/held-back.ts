import { randomStream, TapgradError } from '@tapgrad/core';

/** Samples to train on, and those held back to choose options by. Ascending. */
export interface Parted {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/**
 * Holds a share of every class back. A class of more than one sample gives at least one, and keeps at least one.
 * @throws TapgradError BAD_OPTION
 */
export function heldBack(indices: Int32Array, labels: Int32Array, share: number, seed: number): Parted {
  if (!(share >= 0 && share < 1)) {
    throw new TapgradError({
      code: 'BAD_OPTION',
      message: `the share for validation is ${share}`,
      fix: 'give a number from 0 to less than 1, for example 0.1',
    });
  }
  if (share === 0) return { train: indices, validation: new Int32Array() };
  const byLabel = new Map<number, number[]>();
  for (const index of indices) {
    const label = labels[index] as number;
    const own = byLabel.get(label);
    if (own) own.push(index);
    else byLabel.set(label, [index]);
  }
  const held = new Set<number>();
  for (const [label, own] of byLabel) {
    const count = own.length < 2 ? 0 : Math.min(Math.max(Math.round(own.length * share), 1), own.length - 1);
    const order = randomStream(seed, 'validation', label).permutation(own.length);
    for (const place of order.slice(0, count)) held.add(own[place] as number);
  }
  return { train: indices.filter((index) => !held.has(index)), validation: indices.filter((index) => held.has(index)) };
}
