import { type Metric, TapgradError } from '@tapgrad/core';
import type { CheckpointSource } from '../checkpoint/checkpoint.ts';
import type { TrainingData } from '../data/batch-source.ts';
import type { Schedule } from '../schedules/schedule.ts';
import type { CheckpointOptions } from './checkpoints.ts';
import type { Clip } from './clip.ts';
import type { EarlyStoppingOptions } from './early-stopping.ts';
import type { TrainingEvent } from './events.ts';

export interface EvaluationOptions<Outputs> {
  readonly data: TrainingData;
  readonly metrics?: Readonly<Record<string, Metric<Outputs>>>;
  /** Number of updates between evaluations, or after each epoch; the default. There is always one after the last update. */
  readonly every?: number | 'epoch';
}

export interface TrainerOptions<Outputs> {
  readonly data: TrainingData;
  /** Passes over the data. Give this, `steps`, or both: what is reached first ends the run. */
  readonly epochs?: number;
  /** Updates. */
  readonly steps?: number;
  /** Micro-batches in an update; their gradients are averaged. Default 1. */
  readonly accumulate?: number;
  /** Factor of the optimizer's learning rate at each update. */
  readonly schedule?: Schedule;
  /** Limit of the gradients, after every plugin has seen them. */
  readonly clip?: Clip;
  /** Go on when a loss is not a finite number; default false: the run ends with LOSS_NOT_FINITE. */
  readonly allowNonFinite?: boolean;
  readonly evaluation?: EvaluationOptions<Outputs>;
  readonly earlyStopping?: EarlyStoppingOptions;
  /** Where the run is saved, so that it can be resumed: a folder's path (Node), a store, or either with its options. */
  readonly checkpoints?: CheckpointOptions | CheckpointOptions['store'];
  /**
   * Go on where an earlier run stood: with true at the newest checkpoint of `checkpoints` (at the start where there is
   * none), else at the checkpoint given. On the same backend the run then continues bit for bit.
   */
  readonly resume?: boolean | CheckpointSource;
  /** Ends the run after the update in progress. */
  readonly signal?: AbortSignal;
  /** Is told of every event; what it returns is waited for. */
  readonly onProgress?: (event: TrainingEvent) => void | Promise<void>;
}

/** Throws BAD_OPTION for what makes no sense. */
export function checkTrainerOptions(options: TrainerOptions<never>): void {
  const { epochs, steps, accumulate, evaluation, earlyStopping } = options;
  const counts = { epochs, steps, accumulate, 'evaluation.every': evaluation?.every };
  for (const [name, value] of Object.entries(counts)) {
    if (value === undefined || value === 'epoch' || (Number.isSafeInteger(value) && value > 0)) continue;
    throw refused(`${name} is ${value}`, 'give a whole number from 1');
  }
  if (epochs === undefined && steps === undefined)
    throw refused('nothing says when to end', 'give { epochs } or { steps }');
  if (options.resume === true && !options.checkpoints)
    throw refused('there is nothing to resume from', 'give { checkpoints }, or a checkpoint as { resume }');
  if (earlyStopping && !evaluation) throw refused('earlyStopping has nothing to watch', 'give { evaluation }');
}

function refused(message: string, fix: string): TapgradError {
  return new TapgradError({ code: 'BAD_OPTION', message, fix });
}
