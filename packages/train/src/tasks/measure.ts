import { type Batch, type Metric, type Stack, TapgradError } from '@tapgrad/core';
import { argMax, cast, equal, mean, scalar, Tensor } from '@tensorflow/tfjs-core';
import { evaluationBatches } from '../trainer/batch-reader.ts';
import { breathe } from '../trainer/breathe.ts';
import type { StreamTask, TaskStream } from './task-stream.ts';

export interface MeasureOptions<Outputs> {
  readonly stream: TaskStream;
  /** Share of a batch's samples that are answered rightly; default: by the largest of the logits that `restrict` leaves. */
  readonly accuracy?: Metric<Outputs> | undefined;
  readonly evaluationBatchSize?: number | undefined;
  readonly evaluateOn?: 'test' | 'validation' | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TaskAccuracyOptions<Outputs> {
  /** Default 256. */
  readonly batchSize?: number;
  /** Default `test`. */
  readonly evaluateOn?: 'test' | 'validation';
  /** As that of a `TaskTrainer`. */
  readonly accuracy?: Metric<Outputs>;
}

/**
 * Accuracy of a stack, as it is, on each task of a stream: for example of one that learned them together.
 * @throws TapgradError OUTPUT_KIND, BAD_OPTION
 */
export async function taskAccuracies<Outputs>(
  stack: Stack<Outputs>,
  stream: TaskStream,
  { batchSize, evaluateOn, accuracy }: TaskAccuracyOptions<Outputs> = {},
): Promise<number[]> {
  const options = { stream, evaluateOn, accuracy, evaluationBatchSize: batchSize };
  return (await measureTasks(stack, stream.tasks, options)) as number[];
}

/**
 * Accuracy on each task, in evaluation mode: no parameter, statistic or random stream changes. Undefined if it was aborted.
 * The `evaluate` hooks are told which task it is.
 */
export async function measureTasks<Outputs>(
  stack: Stack<Outputs>,
  tasks: readonly StreamTask[],
  options: MeasureOptions<Outputs>,
): Promise<number[] | undefined> {
  const { signal, stream } = options;
  const metric = options.accuracy ?? answered(stream);
  const accuracies: number[] = [];
  for (const task of tasks) {
    const batches = evaluationBatches(sourceOf(task, options), signal);
    const details = { withLoss: false, index: task.index, task };
    const { metrics } = await stack.evaluate(batches, { accuracy: metric as Metric<Outputs> }, details);
    if (signal?.aborted) return undefined;
    accuracies.push(metrics.accuracy as number);
    await breathe();
  }
  return accuracies;
}

function sourceOf(task: StreamTask, { evaluateOn = 'test', evaluationBatchSize }: MeasureOptions<never>) {
  if (evaluateOn === 'test') return task.test(evaluationBatchSize);
  const source = task.validation?.(evaluationBatchSize);
  if (source) return source;
  throw new TapgradError({
    code: 'BAD_OPTION',
    message: `task ${task.index} (${task.name}) has no samples held back for validation`,
    fix: 'make the stream with { validation: 0.1 }, or evaluate on test data',
  });
}

function answered(stream: TaskStream): Metric<unknown> {
  return (outputs, batch) => accuracyOf(outputs, batch, stream);
}

function accuracyOf(outputs: unknown, batch: Batch, stream: TaskStream): Tensor {
  if (!(outputs instanceof Tensor) || outputs.rank !== 2) {
    throw new TapgradError({
      code: 'OUTPUT_KIND',
      message: `the model gives ${outputs instanceof Tensor ? `a tensor of shape [${outputs.shape}]` : `a ${typeof outputs}`}, not logits [batch, columns]`,
      fix: 'give the TaskTrainer { accuracy: (outputs, batch) => … }',
    });
  }
  // A head that grows has no column before the first task.
  if (outputs.shape[1] === 0) return scalar(0);
  const answers = cast(argMax(stream.restrict(outputs, batch), -1), 'int32');
  return mean(cast(equal(answers, batch.targets as Tensor), 'float32'));
}
