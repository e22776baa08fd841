import { TapgradError } from '@tapgrad/core';
import type { BatchSource } from '../data/batch-source.ts';
import type { WatchState } from './early-stopping.ts';
import type { EvaluationEvent } from './events.ts';

/** Where a run stands between two updates. JSON: it goes into checkpoints. */
export interface Position {
  /** Updates made. */
  step: number;
  epoch: number;
  /** Batches of this epoch that were used. */
  batch: number;
  /** `order` of the data, where the source says it. */
  order: string | undefined;
  /** Of this epoch's updates. */
  lossSum: number;
  lossCount: number;
  /** Loss of the last update; NaN before the first. */
  loss: number;
  evaluation: EvaluationEvent | undefined;
  watch: WatchState | undefined;
}

export function startPosition(order?: string): Position {
  return {
    step: 0,
    epoch: 0,
    batch: 0,
    order,
    lossSum: 0,
    lossCount: 0,
    loss: Number.NaN,
    evaluation: undefined,
    watch: undefined,
  };
}

/**
 * The position to go on from.
 * @throws TapgradError CHECKPOINT_DATA if the run stood within an epoch, and the data are cut or shuffled otherwise now
 */
export function resumedPosition(saved: Position, { order }: BatchSource): Position {
  if (saved.batch > 0 && saved.order !== order) {
    throw new TapgradError({
      code: 'CHECKPOINT_DATA',
      message: `the run stood after ${saved.batch} batches of an epoch of ${saved.order ?? 'unknown data'}; the data are ${order ?? 'of another kind'} now`,
      fix: 'give the same data with the same options, or resume from the end of an epoch',
    });
  }
  return { ...saved, order };
}
