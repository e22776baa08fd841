import type { WatchState } from './early-stopping.ts';

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
  /** Loss of the last update; null before the first, or if it was not finite. */
  loss: number | null;
  /** Update after which the last evaluation was made; null before the first. */
  evaluatedAt: number | null;
  watch: WatchState | undefined;
}

export function startPosition(): Position {
  return { step: 0, epoch: 0, batch: 0, lossSum: 0, lossCount: 0, loss: null, evaluatedAt: null, watch: undefined };
}
