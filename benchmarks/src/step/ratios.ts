import { median, minimum } from '../statistics.ts';
import { contestants, type Measured, relativeDifference, type Side, sides } from './measure.ts';
import type { Backend } from './task.ts';

/** What was measured of one contestant. */
export interface ContestantRow {
  readonly name: string;
  readonly loss: number;
  readonly msMinimum: number;
  readonly msMedian: number;
  /** Most bytes at one time: of the device's buffers on webgpu, of tensors on wasm. Null where it cannot be measured. */
  readonly peakBytes: number | null;
  readonly tensorPeakBytes: number | null;
  readonly headOnlyPeakBytes: number | null;
  readonly residentBytes: number | null;
  /** Largest difference to plain tfjs's gradients, over their largest. */
  readonly gradientDifference: number;
}

export function rowsOf(measured: Partial<Record<Side, Measured>>, backend: Backend): ContestantRow[] {
  return sides.flatMap((side) => {
    const own = measured[side];
    if (!own) return [];
    const { loss, gradients, memory, times } = own;
    const reference = measured.tfjs ?? measured.modules!;
    return [
      {
        name: contestants[side],
        loss,
        msMinimum: minimum(times),
        msMedian: median(times),
        peakBytes: (backend === 'webgpu' ? memory.devicePeak : memory.tensors?.peak) ?? null,
        tensorPeakBytes: memory.tensors?.peak ?? null,
        headOnlyPeakBytes: memory.tensors?.headOnlyPeak ?? null,
        residentBytes: memory.tensors?.resident ?? null,
        gradientDifference: relativeDifference(reference.gradients, gradients),
      },
    ];
  });
}

/** The published quotients: tapgrad's modules and the same code over plain tfjs, and over jax-js. */
export function ratiosOf(rows: readonly ContestantRow[]): Record<string, number> {
  const row = (side: Side) => rows.find(({ name }) => name === contestants[side]);
  const [tfjs, sameCode, modules, jax] = [row('tfjs'), row('sameCode'), row('modules'), row('jax')];
  const ratios = {
    ratioTimeSameCode: over(sameCode?.msMinimum, tfjs?.msMinimum),
    ratioPeakSameCode: over(sameCode?.peakBytes, tfjs?.peakBytes),
    ratioTime: over(modules?.msMinimum, tfjs?.msMinimum),
    ratioPeak: over(modules?.peakBytes, tfjs?.peakBytes),
    ratioPeakTensors: over(modules?.tensorPeakBytes, tfjs?.tensorPeakBytes),
    ratioTimeJax: over(modules?.msMinimum, jax?.msMinimum),
    ratioPeakJax: over(modules?.peakBytes, jax?.peakBytes),
    headOnlyRatioPeak: over(modules?.headOnlyPeakBytes, tfjs?.tensorPeakBytes),
  };
  const known = Object.entries(ratios).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(known);
}

function over(own: number | null | undefined, other: number | null | undefined): number | undefined {
  return own == null || other == null ? undefined : own / other;
}
