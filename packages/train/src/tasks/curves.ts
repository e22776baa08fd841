import { mean } from './accuracy-metrics.ts';

/** Accuracies in the course of training. JSON. */
export interface CurvePoint {
  /** Updates made since the first task began. */
  readonly step: number;
  /** The task that was being learned. */
  readonly task: number;
  /** On tasks 0 … `task`. */
  readonly accuracies: readonly number[];
}

/**
 * min-ACC: mean over the tasks before `task` of the lowest accuracy measured since each was learned, up to the end of `task`
 * (De Lange et al. 2023). Undefined for the first task, and without a measurement.
 */
export function minimumAccuracy(curves: readonly CurvePoint[], task: number): number | undefined {
  const lowest = Array.from({ length: task }, (_, old) =>
    Math.min(
      ...curves
        .filter((point) => point.task > old && point.task <= task)
        .map(({ accuracies }) => accuracies[old] as number),
    ),
  );
  return lowest.every(Number.isFinite) ? mean(lowest) : undefined;
}

/**
 * WC-ACC after `k` tasks: 1/k of the accuracy on the last of them, and 1 − 1/k of min-ACC (De Lange et al. 2023).
 * @param current accuracy on the last task after it was learned
 */
export function worstCaseAccuracy(
  current: number | undefined,
  minimum: number | undefined,
  tasks: number,
): number | undefined {
  if (current === undefined || tasks < 1) return undefined;
  if (tasks === 1) return current;
  return minimum === undefined ? undefined : current / tasks + (1 - 1 / tasks) * minimum;
}
