import { type Batch, type Metric, type RandomStream, TapgradError } from '@tapgrad/core';
import type { CheckpointSource } from '../checkpoint/checkpoint.ts';
import type { Schedule } from '../schedules/schedule.ts';
import type { CheckpointOptions } from '../trainer/checkpoints.ts';
import type { Clip } from '../trainer/clip.ts';
import type { TrainingEvent } from '../trainer/events.ts';
import { checkTrainerOptions } from '../trainer/options.ts';
import type { StreamTask, TaskStream } from './task-stream.ts';

/** A number for every task, or one for each. */
export type PerTask = number | ((task: StreamTask) => number);

export interface TaskTrainerOptions<Outputs> {
  readonly stream: TaskStream;
  readonly batchSize: number;
  /** Passes over each task's data. Give this, `steps`, or both: what is reached first ends the task. */
  readonly epochs?: PerTask;
  /** Updates for each task. */
  readonly steps?: PerTask;
  /** Another order in each epoch; default true. */
  readonly shuffle?: boolean;
  /** Leave out the last batch of an epoch if it is not full; default false. */
  readonly dropLast?: boolean;
  /** Of the order of samples; default: the stack's. */
  readonly seed?: number;
  /** Another view of each batch's inputs, which keeps those before as `unaugmented`; see `StreamTask.train`. */
  augment?(inputs: Batch['inputs'], random: RandomStream): Batch['inputs'];
  /** Micro-batches in an update; their gradients are averaged. Default 1. */
  readonly accumulate?: number;
  /** Factor of the optimizer's learning rate at each update; it begins anew with every task. */
  readonly schedule?: Schedule;
  /** Limit of the gradients, after every plugin has seen them. */
  readonly clip?: Clip;
  /** Go on when a loss is not a finite number; default false. */
  readonly allowNonFinite?: boolean;
  /** Measure the tasks begun after every so many updates of a task too, for the curves; default: not. */
  readonly evaluateEvery?: number;
  /** What is measured on; default `test`. Options must be chosen on `validation`. */
  readonly evaluateOn?: 'test' | 'validation';
  /** Default 256. */
  readonly evaluationBatchSize?: number;
  /**
   * Share of a batch's samples that are answered rightly; default: the largest logit of those that `stream.restrict` leaves
   * is the target's.
   */
  readonly accuracy?: Metric<Outputs>;
  /** Where the run is saved, so that it can be resumed: a folder's path (Node), a store, or either with its options. */
  readonly checkpoints?: CheckpointOptions | CheckpointOptions['store'];
  /**
   * Go on where an earlier run stood, between tasks or inside one: with true at the newest checkpoint of `checkpoints` (at
   * the start where there is none), else at the checkpoint given. On the same backend it then continues bit for bit.
   */
  readonly resume?: boolean | CheckpointSource;
  /** Ends the run after the update in progress. */
  readonly signal?: AbortSignal;
  /** Is told of every event; what it returns is waited for. */
  readonly onProgress?: (event: TrainingEvent) => void | Promise<void>;
}

/** Throws BAD_OPTION for what makes no sense. */
export function checkTaskOptions(options: TaskTrainerOptions<never>): void {
  const { stream, batchSize, evaluateEvery, evaluationBatchSize, epochs, steps, ...common } = options;
  for (const task of stream.tasks) {
    checkTrainerOptions({ ...common, ...limitsOf(options, task), data: [] });
    if (options.evaluateOn === 'validation' && !task.validation) {
      throw refused(`task ${task.index} has no validation data`, 'make the stream with { validation: 0.1 }');
    }
  }
  for (const [name, value] of Object.entries({ batchSize, evaluateEvery, evaluationBatchSize })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw refused(`${name} is ${value}`, 'give a whole number from 1');
  }
}

/** Epochs and updates of one task. */
export function limitsOf(
  { epochs, steps }: Pick<TaskTrainerOptions<never>, 'epochs' | 'steps'>,
  task: StreamTask,
): { epochs?: number; steps?: number } {
  const of = (limit: PerTask | undefined) => (typeof limit === 'function' ? limit(task) : limit);
  const [most, updates] = [of(epochs), of(steps)];
  return { ...(most !== undefined && { epochs: most }), ...(updates !== undefined && { steps: updates }) };
}

function refused(message: string, fix: string): TapgradError {
  return new TapgradError({ code: 'BAD_OPTION', message, fix });
}
