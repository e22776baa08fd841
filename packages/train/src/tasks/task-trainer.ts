import { type Stack, TapgradError } from '@tapgrad/core';
import { checkpointBytes } from '../checkpoint/checkpoint.ts';
import { Checkpoints } from '../trainer/checkpoints.ts';
import type { EndReason, Events, TrainingEvent } from '../trainer/events.ts';
import { AccuracyMatrix } from './accuracy-matrix.ts';
import type { CurvePoint } from './curves.ts';
import { type StreamPosition, streamStart } from './stream-position.ts';
import { StreamRun } from './stream-run.ts';
import { checkTaskOptions, type TaskTrainerOptions } from './task-options.ts';

/** What a stream came to so far. */
export interface TaskResult {
  /** Undefined while tasks are left. */
  readonly reason: EndReason | 'failed' | undefined;
  readonly matrix: AccuracyMatrix;
  /** Accuracies in the course of tasks, where `evaluateEvery` asked for them. */
  readonly curves: readonly CurvePoint[];
  /** Updates made for all tasks, those before a resume included. */
  readonly steps: number;
}

/**
 * Trains a stack on the tasks of a stream, one after the other, with one optimizer. It tells the beginning and end of the
 * whole (`train`) and of each task (`task`), and measures all tasks before the first and after each.
 */
export class TaskTrainer<Outputs = unknown> {
  private readonly checkpoints: Checkpoints | undefined;
  private run: StreamRun<Outputs> | undefined;
  private busy = false;

  /** @throws TapgradError BAD_OPTION */
  constructor(
    readonly stack: Stack<Outputs>,
    readonly options: TaskTrainerOptions<Outputs>,
  ) {
    checkTaskOptions(options as TaskTrainerOptions<never>);
    this.checkpoints = options.checkpoints === undefined ? undefined : new Checkpoints(options.checkpoints);
  }

  /**
   * Trains all tasks that are left, or until the signal aborts; it resolves in both cases.
   * @throws TapgradError TASKS_ENDED where this trainer was aborted or failed before, CHECKPOINT_DATA where the checkpoint is
   * that of another stream, OUTPUT_KIND, and those of `Trainer.fit`
   */
  fit(): Promise<TaskResult> {
    return this.drained(this.events());
  }

  /**
   * Trains one more task. Plugins are told the same as by `fit()`: the beginning of the whole before the first task, its end
   * after the last, or by `end()`.
   * @throws TapgradError TASKS_ENDED where none is left, and as `fit`
   */
  async next(): Promise<TaskResult> {
    if (this.run?.reason === 'completed') throw ended('completed');
    return this.drained(this.told(1));
  }

  /** As `fit`, event by event. Leaving the loop ends the run cleanly. */
  events(): Events<TaskResult> {
    return this.told(Number.POSITIVE_INFINITY);
  }

  /** Tells plugins that no more tasks come, where `next()` is not called for the last. */
  async end(): Promise<TaskResult> {
    await this.run?.end('aborted');
    return this.result();
  }

  /** What is known so far. */
  result(): TaskResult {
    const { run, position } = this;
    const { matrix, curves } = position;
    return { reason: run?.reason, matrix: new AccuracyMatrix(matrix), curves, steps: run?.steps ?? 0 };
  }

  /** A checkpoint of the stream as it stands, for `{ resume }`: call it between updates, from `onProgress`, or between tasks. */
  async checkpoint(extra?: unknown): Promise<Uint8Array<ArrayBuffer>> {
    return checkpointBytes(this.stack, { extra }, this.run?.positionInTask, this.position);
  }

  private get position(): StreamPosition {
    return this.run?.position ?? streamStart(this.options.stream);
  }

  private async drained(events: Events<TaskResult>): Promise<TaskResult> {
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
    }
  }

  private async *told(tasks: number): Events<TaskResult> {
    if (this.busy) {
      throw new TapgradError({
        code: 'TRAINER_BUSY',
        message: 'this trainer is running',
        fix: 'wait for its end, or make another trainer for another stack',
      });
    }
    this.busy = true;
    try {
      this.run ??= new StreamRun(this.stack, this.options, this.checkpoints);
      const { reason } = this.run;
      if (reason === 'completed') return this.result();
      if (reason) throw ended(reason);
      yield* this.reported(this.run.events(tasks));
      return this.result();
    } finally {
      this.busy = false;
    }
  }

  private async *reported(events: AsyncGenerator<TrainingEvent, void>): AsyncGenerator<TrainingEvent, void> {
    try {
      for await (const event of events) {
        await this.options.onProgress?.(event);
        yield event;
      }
    } finally {
      await events.return();
    }
  }
}

function ended(reason: string): TapgradError {
  return new TapgradError({
    code: 'TASKS_ENDED',
    message: `this trainer's stream has ended (${reason})`,
    fix: 'make another TaskTrainer, with { resume } where it shall go on',
  });
}
