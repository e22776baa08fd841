import { currentRandom, type SlotStage } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type GroupFormat, type PackedGroups, packGroups, unpackGroups } from '../kernels/groups.ts';

export interface GroupStageOptions extends GroupFormat {
  readonly rounding: 'stochastic' | 'nearest';
  /** Tensors with fewer elements pass. */
  readonly smallest: number;
  /** What the noise is drawn for: plugin, module and operand, so that it does not depend on the order in which a backend's kernels save. */
  readonly stream: string;
}

type Packed = { readonly value: Tensor } | { readonly packed: PackedGroups; readonly shape: readonly number[] };

/** Keeps codes of a value; behind another stage, of each float32 tensor that it made. */
export function groupStage({ rounding, smallest, stream, ...format }: GroupStageOptions): SlotStage<Packed> {
  const steps = 2 ** format.bits - 1;
  return {
    lossy:
      rounding === 'stochastic'
        ? `unbiased, within 1/${steps} of the range of ${format.group} elements`
        : `within 1/${2 * steps} of the range of ${format.group} elements`,
    pack(value) {
      if (value.dtype !== 'float32' || value.size < smallest) return { value };
      const seed = rounding === 'stochastic' ? currentRandom(stream).bits() | 0 : undefined;
      return { packed: packGroups(value, format, seed), shape: value.shape };
    },
    unpack: (kept) => ('value' in kept ? kept.value : unpackGroups(kept.packed, format, kept.shape)),
  };
}
