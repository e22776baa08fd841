import type { TaskResult, TaskStream } from '@tapgrad/train';
import type { Dataset } from './data/dataset.ts';
import type { MetricName } from './metrics.ts';
import type { PreparedModel } from './model.ts';
import type { Settings } from './options.ts';
import type { LogEntry, RunResult } from './results.ts';

/** What is known of a run before it has trained. */
export interface RunFacts {
  readonly settings: Settings;
  readonly command: string;
  readonly dataset: Dataset;
  readonly prepared: Pick<PreparedModel, 'name' | 'data'>;
  readonly learningRate: number;
  readonly stream: TaskStream;
  readonly parameters: number;
  /** Updates in all tasks together. */
  readonly steps: number;
}

/** Everything that the report shows of a run as far as it has come. */
export function resultOf(facts: RunFacts, { reason, matrix, curves, steps }: TaskResult, log: LogEntry[]): RunResult {
  const { settings, command, dataset, prepared, stream } = facts;
  const { train, test } = prepared.data;
  const joint = settings.method === 'joint';
  const finished = reason === 'completed';
  const together = log.findLast((entry) => entry.kind === 'accuracy' && entry.end);
  const row = joint && finished && together?.kind === 'accuracy' ? [...together.accuracy] : undefined;
  const metrics: Partial<Record<MetricName, number | null>> = joint
    ? { averageAccuracy: row ? mean(row) : null }
    : {
        averageAccuracy: matrix.averageAccuracy ?? null,
        learningAccuracy: matrix.learned > 0 ? mean(matrix.rows.map((each, task) => each[task] as number)) : null,
        forgetting: matrix.forgetting() ?? null,
        backwardTransfer: matrix.backwardTransfer ?? null,
        forwardTransfer: matrix.forwardTransfer ?? null,
        minimumAccuracy: matrix.minimumAccuracy(curves) ?? null,
      };
  return {
    settings,
    command,
    data: dataset.name,
    model: prepared.name,
    parameters: facts.parameters,
    learningRate: facts.learningRate,
    trainSize: train.size,
    testSize: test.size,
    tasks: stream.tasks.map(({ index, classNames, samples }) => ({
      name: `task ${index + 1}`,
      labels: classNames,
      trainSize: samples.train,
    })),
    baseline: joint ? [] : (matrix.baseline ?? []),
    matrix: joint ? (row ? [row] : []) : matrix.rows,
    metrics,
    log,
    steps,
    allSteps: facts.steps,
    finished,
    seconds: log.reduce((total, entry) => total + ('ms' in entry ? entry.ms : 0), 0) / 1000,
  };
}

const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
