import type { SlotStage } from '@tapgrad/core';
import { type PackedSparse, packSparse, unpackSparse } from '../kernels/sparse.ts';
import { keptOf } from './math.ts';

/** Keeps the largest magnitudes of each sample of a value of this shape. */
export function sparseStage(keep: number, shape: readonly number[]): SlotStage<PackedSparse> {
  return {
    lossy: `the largest ${keep} of each sample by magnitude, 0 elsewhere`,
    pack(value) {
      const samples = value.rank > 1 ? (value.shape[0] as number) : 1;
      return packSparse(value, keptOf(value.size / samples, keep));
    },
    unpack: (packed) => unpackSparse(packed, shape),
  };
}
