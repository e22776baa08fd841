import type { Machine } from '../../machine.ts';

/** What one training over a stream came to. Accuracies are shares, 0 to 1; what does not exist is left out. */
export interface RunResult {
  /** `matrix[j][i]`: accuracy on task i after task j. Of `joint`, which has one task, a single row. */
  readonly matrix: readonly (readonly number[])[];
  /** Accuracy of the untrained model on each task. */
  readonly baseline?: readonly number[];
  /** Mean of the last row. */
  readonly averageAccuracy: number;
  /** Chaudhry's: how far below its best a task has fallen at the end, mean over all but the last. */
  readonly forgetting?: number;
  readonly backwardTransfer?: number;
  readonly forwardTransfer?: number;
  /** Mean over tasks of the accuracy right after learning them. */
  readonly learningAccuracy: number;
  /** Updates made. */
  readonly steps: number;
  /**
   * Samples whose task loss was differentiated, each as often as it was: of batches, replayed ones, and those of refresh
   * phases, reference gradients and importances. Absent in runs that did not count.
   */
  readonly trainedSamples?: number;
  /** Median of the updates; says little on a machine that did other things too. */
  readonly stepMs: number;
  /** Most bytes of unique buffers in the training steps. */
  readonly peakBytes: number;
  /** Of the replay memory, when full. */
  readonly memoryBytes?: number;
  /** What repeats it. */
  readonly command: string;
  readonly machine: Machine;
}

/** One way to learn, in one setting, over seeds. */
export interface Row {
  readonly method: string;
  readonly model: string;
  readonly scenario: string;
  /** Options of the method's plugins that were chosen, and those that are fixed; in words. */
  readonly settings: string;
  /** Where options were chosen: mean accuracy at the end on images that the test never shows, by candidate, first seed. */
  readonly validation?: Readonly<Record<string, number>>;
  /** Candidates that are not chosen as their loss left the finite numbers, and the seeds with which it did. */
  readonly diverged?: Readonly<Record<string, readonly number[]>>;
  /** By seed. */
  readonly runs: Readonly<Record<string, RunResult>>;
}

/** The number of decimals that files keep: 400 test images a task need four. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

const keyOf = ({ method, model, scenario }: Row) => `${method} ${model} ${scenario}`;

/**
 * Earlier rows with a new one: runs of the same seed are replaced, those of other seeds stay as long as the settings are
 * the same. A row keeps its place.
 */
export function withRow(rows: readonly Row[], row: Row): Row[] {
  const at = rows.findIndex((each) => keyOf(each) === keyOf(row));
  const earlier = rows[at];
  if (!earlier) return [...rows, row];
  const kept = earlier.settings === row.settings ? earlier.runs : {};
  const validation = row.validation ?? (earlier.settings === row.settings ? earlier.validation : undefined);
  return rows.with(at, { ...row, ...(validation && { validation }), runs: { ...kept, ...row.runs } });
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; undefined for a single value. */
  readonly deviation: number | undefined;
}

/** Over the seeds of a row; undefined where a run lacks the figure. */
export function spread(row: Row, figure: (run: RunResult) => number | undefined): Spread | undefined {
  const values = Object.values(row.runs).map(figure);
  if (values.length === 0 || values.some((value) => value === undefined)) return undefined;
  const known = values as number[];
  const mean = known.reduce((total, value) => total + value, 0) / known.length;
  const squares = known.reduce((total, value) => total + (value - mean) ** 2, 0);
  return { mean, deviation: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : undefined };
}
