import { AccuracyMatrix, type AccuracyMatrixJson } from './accuracy-matrix.ts';
import type { CurvePoint } from './curves.ts';
import type { TaskStream } from './task-stream.ts';

/** Where a stream stands. JSON: it goes into checkpoints. */
export interface StreamPosition {
  /** The task that is being learned, or comes next. */
  readonly task: number;
  /** Updates made for the tasks before it. */
  readonly stepsBefore: number;
  /** In words: which tasks there are. A run goes on only where they are the same. */
  readonly order: string;
  readonly matrix: AccuracyMatrixJson;
  readonly curves: readonly CurvePoint[];
}

export function streamStart(stream: TaskStream): StreamPosition {
  const tasks = stream.tasks.map(({ name }) => name);
  return { task: 0, stepsBefore: 0, order: orderOfStream(stream), matrix: { tasks, rows: [] }, curves: [] };
}

export function orderOfStream({ scenario, tasks, labels }: TaskStream): string {
  const each = tasks.map(({ name, classes, samples }) => `${name} [${classes}] of ${samples.train}`);
  return `${scenario}-incremental, labels ${labels}: ${each.join('; ')}`;
}

export function isStreamPosition(value: unknown): value is StreamPosition {
  if (typeof value !== 'object' || value === null) return false;
  const { task, stepsBefore, order, matrix, curves } = value as Partial<StreamPosition>;
  return (
    [task, stepsBefore].every((count) => Number.isSafeInteger(count) && (count as number) >= 0) &&
    typeof order === 'string' &&
    isMatrix(matrix) &&
    Array.isArray(curves)
  );
}

function isMatrix(matrix: unknown): boolean {
  try {
    new AccuracyMatrix(matrix as AccuracyMatrixJson);
    return true;
  } catch {
    return false;
  }
}
