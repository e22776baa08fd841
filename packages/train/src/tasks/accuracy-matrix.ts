import { TapgradError } from '@tapgrad/core';
import * as metrics from './accuracy-metrics.ts';
import { type CurvePoint, minimumAccuracy, worstCaseAccuracy } from './curves.ts';

/** What a matrix is written as. */
export interface AccuracyMatrixJson {
  /** Names of the tasks. */
  readonly tasks: readonly string[];
  /** Of the untrained model. */
  readonly baseline?: readonly number[];
  /** `rows[j][i]`: on task i after task j. */
  readonly rows: readonly (readonly number[])[];
}

/** What a heat map is drawn from, by whatever draws it. */
export interface HeatMap {
  readonly title: string;
  readonly rowsTitle: string;
  readonly columnsTitle: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `values[row][column]`; undefined where nothing was measured. */
  readonly values: readonly (readonly (number | undefined)[])[];
}

/** Whose definition of forgetting: see `forgettingOfChaudhry` and its neighbours in docs/continual-learning.md. */
export type ForgettingVariant = 'chaudhry' | 'avalanche' | 'mammoth';

const forgettings = {
  chaudhry: metrics.forgettingOfChaudhry,
  avalanche: metrics.forgettingOfAvalanche,
  mammoth: metrics.forgettingOfMammoth,
};

/**
 * Accuracies on every task, also those that come later, after each task learned: row j, column i. Metrics are over the tasks
 * learned so far, in the unit of the accuracies; they are undefined where they do not exist, as forgetting after one task.
 */
export class AccuracyMatrix {
  readonly tasks: readonly string[];
  readonly baseline: readonly number[] | undefined;
  readonly rows: readonly (readonly number[])[];

  /** @throws TapgradError MATRIX_SHAPE */
  constructor({ tasks, baseline, rows }: AccuracyMatrixJson) {
    if (!Array.isArray(tasks) || !Array.isArray(rows)) throw wrong('it has no tasks or no rows');
    if (rows.length > tasks.length) throw wrong(`${rows.length} rows for ${tasks.length} tasks`);
    for (const row of baseline ? [baseline, ...rows] : rows) {
      if (row.length !== tasks.length || !row.every(Number.isFinite)) {
        throw wrong(`a row [${row}] for ${tasks.length} tasks`);
      }
    }
    this.tasks = tasks;
    this.baseline = baseline;
    this.rows = rows;
  }

  /** Tasks learned. */
  get learned(): number {
    return this.rows.length;
  }

  /** The matrix of the first tasks alone, as it was when they had been learned. */
  first(tasks: number): AccuracyMatrix {
    return new AccuracyMatrix({
      tasks: this.tasks.slice(0, tasks),
      ...(this.baseline && { baseline: this.baseline.slice(0, tasks) }),
      rows: this.square.slice(0, tasks).map((row) => row.slice(0, tasks)),
    });
  }

  /** Mean over the tasks learned, after the last of them. */
  get averageAccuracy(): number | undefined {
    return metrics.averageAccuracy(this.square);
  }

  get backwardTransfer(): number | undefined {
    return metrics.backwardTransfer(this.square);
  }

  /** Needs the baseline. */
  get forwardTransfer(): number | undefined {
    return metrics.forwardTransfer(this.square, this.baseline);
  }

  /** May be negative, but for `mammoth`. Default: `chaudhry`. */
  forgetting({ variant = 'chaudhry' }: { readonly variant?: ForgettingVariant } = {}): number | undefined {
    return forgettings[variant](this.square);
  }

  /** @param joint accuracy on task k of a model that learned tasks 0 … k together, for each k */
  intransigence(joint: readonly number[]): number[] {
    return metrics.intransigence(this.square, joint);
  }

  /** @param ideal accuracy of a model that learned everything at once */
  kemker(ideal: number): metrics.KemkerOmegas {
    return metrics.kemkerOmegas(this.square, ideal);
  }

  /** On tasks not yet learned (ZSCL's Transfer). */
  get transfer(): number | undefined {
    return metrics.zeroShotTransfer(this.square);
  }

  /** Of the whole matrix (ZSCL's Avg). */
  get average(): number | undefined {
    return metrics.averageOfAll(this.square);
  }

  /** After the last task (ZSCL's Last). */
  get last(): number | undefined {
    return metrics.averageAccuracy(this.square);
  }

  /** min-ACC after the tasks learned. The finer the curves, the lower it may be. */
  minimumAccuracy(curves: readonly CurvePoint[]): number | undefined {
    return this.learned === 0 ? undefined : minimumAccuracy(this.withRows(curves), this.learned - 1);
  }

  /** WC-ACC after the tasks learned. */
  worstCaseAccuracy(curves: readonly CurvePoint[]): number | undefined {
    const task = this.learned - 1;
    return worstCaseAccuracy(this.rows[task]?.[task], this.minimumAccuracy(curves), this.learned);
  }

  heatMap(): HeatMap {
    const { tasks, baseline, rows } = this;
    const before = baseline ? [{ name: 'before', row: baseline }] : [];
    const after = rows.map((row, j) => ({ name: tasks[j] as string, row }));
    return {
      title: 'Accuracy',
      rowsTitle: 'after task',
      columnsTitle: 'on task',
      rows: [...before, ...after].map(({ name }) => name),
      columns: tasks,
      values: [...before, ...after].map(({ row }) => row),
    };
  }

  toJSON(): AccuracyMatrixJson {
    const { tasks, baseline, rows } = this;
    return { tasks, ...(baseline && { baseline }), rows };
  }

  /** Columns of tasks learned. */
  private get square(): readonly (readonly number[])[] {
    return this.rows.map((row) => row.slice(0, this.learned));
  }

  /** The end of a task is a point of its curve too. */
  private withRows(curves: readonly CurvePoint[]): CurvePoint[] {
    const ends = this.rows.map((row, task) => ({ step: Number.NaN, task, accuracies: row.slice(0, task + 1) }));
    return [...curves, ...ends];
  }
}

function wrong(message: string): TapgradError {
  return new TapgradError({
    code: 'MATRIX_SHAPE',
    message: `no matrix of accuracies: ${message}`,
    fix: 'give a row of numbers, one for each task, for each task learned',
  });
}
