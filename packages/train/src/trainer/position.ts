import type { WatchState } from './early-stopping.ts';
import type { EvaluationEvent } from './events.ts';

/** Where a run stands between two updates. JSON: it goes into checkpoints. */
export interface Position {
  /** Updates made. */
  step: number;
  epoch: number;
  /** Batches of this epoch that were used. */
  batch: number;
  /** Of this epoch's updates. */
  lossSum: number;
  lossCount: number;
  /** Loss of the last update; NaN before the first. */
  loss: number;
  evaluation: EvaluationEvent | undefined;
  watch: WatchState | undefined;
}

export function startPosition(): Position {
  return {
    step: 0,
    epoch: 0,
    batch: 0,
    lossSum: 0,
    lossCount: 0,
    loss: Number.NaN,
    evaluation: undefined,
    watch: undefined,
  };
}
