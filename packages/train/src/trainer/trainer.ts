import type { Stack } from '@tapgrad/core';
import type { FitResult, TrainingEvent } from './events.ts';
import { checkTrainerOptions, type TrainerOptions } from './options.ts';
import { Run } from './run.ts';

/** Runs a stack over data: epochs, accumulation, schedule, clipping, evaluation, early stopping, abort. */
export class Trainer<Outputs = unknown> {
  /** @throws TapgradError TRAINER_OPTION */
  constructor(
    readonly stack: Stack<Outputs>,
    readonly options: TrainerOptions<Outputs>,
  ) {
    checkTrainerOptions(options as TrainerOptions<never>);
  }

  /**
   * Trains until the epochs or steps are done, early stopping ends it, or the signal aborts it; it resolves in all of
   * these cases. Where something throws, the updates made until then stand, and nothing is left in memory.
   * @throws TapgradError DATA_EMPTY, SCHEDULE_LENGTH, METRIC_UNKNOWN, and whatever data, plugins and metrics throw
   */
  async fit(): Promise<FitResult> {
    const events = this.events();
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
    }
  }

  /** As `fit`, step by step: `for await (const event of trainer.events())`. Leaving the loop ends the run cleanly. */
  async *events(): AsyncGenerator<TrainingEvent, FitResult> {
    const run = new Run(this.stack, this.options);
    const events = run.events();
    try {
      for (;;) {
        const next = await events.next();
        if (next.done) {
          const { step, epoch, loss } = run.position;
          const { lastEvaluation: evaluation, watch } = run;
          return {
            reason: next.value,
            steps: step,
            epochs: epoch,
            loss: loss ?? Number.NaN,
            evaluation,
            best: watch.best,
          };
        }
        await this.options.onProgress?.(next.value);
        yield next.value;
      }
    } finally {
      await events.return('aborted');
    }
  }
}
