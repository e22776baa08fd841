import { type Stack, TapgradError } from '@tapgrad/core';
import type { OpenCheckpoint } from '../checkpoint/checkpoint.ts';
import { restore } from '../checkpoint/restore.ts';
import { type Checkpoints, openResumed } from '../trainer/checkpoints.ts';
import type { EndReason, Events, TaskEvaluationEvent, TaskPlace, TrainingEvent } from '../trainer/events.ts';
import type { Position } from '../trainer/position.ts';
import type { Run } from '../trainer/run.ts';
import { measureTasks } from './measure.ts';
import { orderOfStream, type StreamPosition, streamStart } from './stream-position.ts';
import type { TaskTrainerOptions } from './task-options.ts';
import { taskRun, updatesOf } from './task-run.ts';
import type { StreamTask } from './task-stream.ts';

type Resumed = OpenCheckpoint & { readonly tasks: StreamPosition };

/** One run over a stream, from its first task (or where it resumes) to its end. */
export class StreamRun<Outputs> {
  position: StreamPosition;
  /** Why it ended; undefined while it has not. */
  reason: EndReason | 'failed' | undefined;
  private begun = false;
  private resumed: Resumed | undefined;
  private current: Run<Outputs> | undefined;

  constructor(
    private readonly stack: Stack<Outputs>,
    private readonly options: TaskTrainerOptions<Outputs>,
    private readonly checkpoints: Checkpoints | undefined,
  ) {
    this.position = streamStart(options.stream);
  }

  /** Where the task that goes on stands. */
  get positionInTask(): Position | undefined {
    return this.current?.position;
  }

  /** Updates of all tasks. */
  get steps(): number {
    return this.position.stepsBefore + (this.positionInTask?.step ?? 0);
  }

  /** Trains so many tasks, and tells the end of the whole after the last, or where it is left or fails. */
  async *events(tasks: number): AsyncGenerator<TrainingEvent, void> {
    let leaves: EndReason | 'failed' | undefined = 'aborted';
    try {
      await this.begin();
      leaves = yield* this.learn(tasks);
    } catch (thrown) {
      leaves = 'failed';
      throw thrown;
    } finally {
      if (leaves) await this.end(leaves);
    }
    if (leaves) yield { kind: 'end', reason: leaves as EndReason, step: this.steps };
  }

  async end(reason: EndReason | 'failed'): Promise<void> {
    if (this.reason) return;
    this.reason = reason;
    if (this.begun) await this.stack.end('train', { reason });
  }

  private get count(): number {
    return this.options.stream.tasks.length;
  }

  private get task(): StreamTask {
    return this.options.stream.tasks[this.position.task] as StreamTask;
  }

  private get place(): TaskPlace {
    const { index, name } = this.task;
    return { index, count: this.count, name, stepsBefore: this.position.stepsBefore };
  }

  /** The beginning of the whole. What it changed in plugins is not part of a state that is resumed. */
  private async begin(): Promise<void> {
    if (this.begun) return;
    this.resumed = await this.openResumed();
    this.position = this.resumed?.tasks ?? this.position;
    this.restore();
    const steps = updatesOf(this.options as TaskTrainerOptions<never>);
    await this.stack.begin('train', { tasks: this.count, steps, resumed: this.resumed !== undefined });
    this.begun = true;
    this.restore();
    // A run inside a task restores by itself, once more after the beginning of the task.
    if (!this.resumed?.run) this.resumed = undefined;
  }

  private restore(): void {
    if (this.resumed) restore(this.stack as Stack<unknown>, this.resumed, this.resumed.stack.parts);
  }

  private async *learn(tasks: number): Events<EndReason | undefined> {
    if (!this.position.matrix.baseline) {
      const baseline = yield* this.measured('before', this.options.stream.tasks, (accuracies) => {
        this.change({ matrix: { ...this.position.matrix, baseline: accuracies } });
      });
      if (baseline) return baseline;
    }
    for (let done = 0; done < tasks && this.position.task < this.count; done++) {
      if (this.options.signal?.aborted) return 'aborted';
      const reason = yield* this.learnTask();
      if (reason !== 'completed') return reason;
    }
    return this.position.task < this.count ? undefined : 'completed';
  }

  private async *learnTask(): Events<EndReason> {
    const { stack, options, checkpoints, place } = this;
    const { resumed } = this;
    const run = resumed?.run;
    this.resumed = undefined;
    this.current = taskRun(stack, options, {
      task: this.task,
      resumed: resumed && run && { ...resumed, run },
      checkpoints: checkpoints && {
        isDueAfterEpoch: checkpoints.isDueAfterEpoch,
        isDueAfterStep: (step) => checkpoints.isDueAfterStep(step),
        save: (of, position) => checkpoints.save(of, position, this.position),
      },
      curve: {
        isDue: () => this.curveIsDue,
        measure: () => this.curvePoint(),
      },
    });
    const reason = yield* tagged(this.current.events(), place);
    if (reason !== 'completed') return reason;
    const { step } = this.current.position;
    const aborted = yield* this.measured('after', options.stream.tasks, (accuracies) => {
      const { matrix, task, stepsBefore } = this.position;
      this.current = undefined;
      const rows = [...matrix.rows, accuracies];
      this.change({ task: task + 1, stepsBefore: stepsBefore + step, matrix: { ...matrix, rows } });
    });
    if (aborted) return aborted;
    if (checkpoints) {
      const saved = await checkpoints.save(stack as Stack<unknown>, undefined, this.position);
      yield { ...saved, step, task: place };
    }
    return 'completed';
  }

  private get curveIsDue(): boolean {
    const { evaluateEvery } = this.options;
    const step = this.positionInTask?.step ?? 0;
    const last = this.position.curves.at(-1);
    const measured = last?.task === this.position.task && last.step === this.steps;
    return evaluateEvery !== undefined && step > 0 && step % evaluateEvery === 0 && !measured;
  }

  private curvePoint(): Events<EndReason | undefined> {
    const { task } = this.position;
    return this.measured('during', this.options.stream.tasks.slice(0, task + 1), (accuracies) => {
      this.change({ curves: [...this.position.curves, { step: this.steps, task, accuracies }] });
    });
  }

  private async *measured(
    when: TaskEvaluationEvent['when'],
    tasks: readonly StreamTask[],
    take: (accuracies: readonly number[]) => void,
  ): Events<EndReason | undefined> {
    const { place, steps } = this;
    const begun = performance.now();
    const accuracies = await measureTasks(this.stack, tasks, this.options);
    if (!accuracies) return 'aborted';
    take(accuracies);
    yield { kind: 'task-evaluation', when, task: place, step: steps, accuracies, ms: performance.now() - begun };
    return undefined;
  }

  private change(changes: Partial<StreamPosition>): void {
    this.position = { ...this.position, ...changes };
  }

  private async openResumed(): Promise<Resumed | undefined> {
    const { stack, options, checkpoints } = this;
    const found = await openResumed(stack as Stack<unknown>, options.resume, checkpoints);
    if (!found) return undefined;
    const { tasks } = found;
    if (!tasks) {
      throw new TapgradError({
        code: 'CHECKPOINT_INVALID',
        message: 'the checkpoint is not that of a stream of tasks',
        fix: 'resume it with what made it, or load it with loadCheckpoint() and start a new stream',
      });
    }
    if (tasks.order !== orderOfStream(options.stream)) {
      throw new TapgradError({
        code: 'CHECKPOINT_DATA',
        message: `the stream was ${tasks.order}; it is ${orderOfStream(options.stream)} now`,
        fix: 'make the stream of the same data with the same options and seed',
      });
    }
    return { ...found, tasks };
  }
}

/** The events of one task's run, with its name; that it ended is said by the stream. */
async function* tagged(events: Events<EndReason>, task: TaskPlace): Events<EndReason> {
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      if (next.value.kind !== 'end') yield { ...next.value, task } as TrainingEvent;
    }
  } finally {
    await events.return('aborted');
  }
}
