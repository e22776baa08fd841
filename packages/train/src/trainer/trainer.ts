import { type Stack, TapgradError } from '@tapgrad/core';
import { checkpointBytes, type OpenCheckpoint } from '../checkpoint/checkpoint.ts';
import { Checkpoints, openResumed } from './checkpoints.ts';
import { Evaluator } from './evaluator.ts';
import type { Events, FitResult } from './events.ts';
import { checkTrainerOptions, type TrainerOptions } from './options.ts';
import type { Position } from './position.ts';
import { Run } from './run.ts';

/** Runs a stack over data: epochs, accumulation, schedule, clipping, evaluation, early stopping, checkpoints, abort. */
export class Trainer<Outputs = unknown> {
  private readonly checkpoints: Checkpoints | undefined;
  private run: Run<Outputs> | undefined;
  private busy = false;

  /** @throws TapgradError BAD_OPTION */
  constructor(
    readonly stack: Stack<Outputs>,
    readonly options: TrainerOptions<Outputs>,
  ) {
    checkTrainerOptions(options as TrainerOptions<never>);
    this.checkpoints = options.checkpoints === undefined ? undefined : new Checkpoints(options.checkpoints);
  }

  /**
   * Trains until the epochs or steps are done, early stopping ends it, or the signal aborts it; it resolves in all of
   * these cases. Where something throws, the updates made until then stand, and nothing is left in memory.
   * @throws TapgradError LOSS_NOT_FINITE, DATA_EMPTY, SCHEDULE_LENGTH, METRIC_UNKNOWN, TRAINER_BUSY, CHECKPOINT_SEED, CHECKPOINT_DATA, those of
   * `loadCheckpoint` and `saveCheckpoint`, and whatever data, plugins and metrics throw
   */
  async fit(): Promise<FitResult> {
    const events = this.events();
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
    }
  }

  /** As `fit`, event by event: `for await (const event of trainer.events())`. Leaving the loop ends the run cleanly. */
  async *events(): Events<FitResult> {
    if (this.busy) {
      throw new TapgradError({
        code: 'TRAINER_BUSY',
        message: 'this trainer is running',
        fix: 'wait for its end, or make another trainer for another stack',
      });
    }
    this.busy = true;
    try {
      const resumed = await this.openResumed();
      const { stack, options, checkpoints } = this;
      const evaluator = (position: Position) => new Evaluator(stack, options, position, checkpoints);
      this.run = new Run(stack, options, checkpoints, resumed, evaluator);
      return yield* this.told(this.run);
    } finally {
      this.run = undefined;
      this.busy = false;
    }
  }

  private async *told(run: Run<Outputs>): Events<FitResult> {
    const events = run.events();
    try {
      for (;;) {
        const next = await events.next();
        if (next.done) {
          const { step, epoch, loss, evaluation, watch } = run.position;
          return { reason: next.value, steps: step, epochs: epoch, loss, evaluation, best: watch?.best };
        }
        await this.options.onProgress?.(next.value);
        yield next.value;
      }
    } finally {
      await events.return('aborted');
    }
  }

  /**
   * A checkpoint of the run that goes on, for `{ resume }`. Call it between updates, from `onProgress` or the loop over
   * `events()`. After the run it holds what a finished one has: the stack's state.
   */
  async checkpoint(extra?: unknown): Promise<Uint8Array<ArrayBuffer>> {
    return checkpointBytes(this.stack, { extra }, this.run?.position);
  }

  private async openResumed(): Promise<(OpenCheckpoint & { readonly run: Position }) | undefined> {
    const found = await openResumed(this.stack as Stack<unknown>, this.options.resume, this.checkpoints);
    if (!found) return undefined;
    const { run, tasks } = found;
    if (run && !tasks) return { ...found, run };
    throw new TapgradError({
      code: 'CHECKPOINT_INVALID',
      message: tasks
        ? 'the checkpoint is that of a stream of tasks'
        : 'the checkpoint was made without a trainer: it does not say where a run stood',
      fix: tasks ? 'resume it with a TaskTrainer' : 'load it with loadCheckpoint() and start a new run',
    });
  }
}
