import { type Stack, TapgradError } from '@tapgrad/core';
import type { OpenCheckpoint } from '../checkpoint/checkpoint.ts';
import { restore } from '../checkpoint/restore.ts';
import { type BatchSource, batchSource } from '../data/batch-source.ts';
import { BatchReader } from './batch-reader.ts';
import { breathe } from './breathe.ts';
import type { RunEvaluator } from './evaluator.ts';
import type { CheckpointEvent, EndReason, Events, StepEvent } from './events.ts';
import type { TrainerOptions } from './options.ts';
import { type Position, resumedPosition, startPosition } from './position.ts';
import { Updater } from './updater.ts';

/** Where a run is saved. */
export interface RunCheckpoints {
  readonly isDueAfterEpoch: boolean;
  isDueAfterStep(step: number): boolean;
  save(stack: Stack<unknown>, position: Position): Promise<CheckpointEvent>;
}

/** The part of the life cycle that a run is. */
export interface RunCycle {
  readonly part: 'train' | 'task';
  /** What its beginning and end are told besides. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One run of a trainer, from its first update (or the one that it resumes at) to its end. */
export class Run<Outputs> {
  readonly position: Position;
  private readonly source: BatchSource;
  private readonly updater: Updater<Outputs>;
  private readonly evaluator: RunEvaluator;
  /** The position of the last checkpoint. */
  private saved: string | undefined;

  constructor(
    private readonly stack: Stack<Outputs>,
    private readonly options: TrainerOptions<Outputs>,
    private readonly checkpoints: RunCheckpoints | undefined,
    private resumed: (OpenCheckpoint & { readonly run: Position }) | undefined,
    makeEvaluator: (position: Position) => RunEvaluator,
    private readonly cycle: RunCycle = { part: 'train', details: {} },
  ) {
    this.source = batchSource(options.data);
    this.position = resumed ? resumedPosition(resumed.run, this.source) : startPosition(this.source.order);
    this.saved = resumed && JSON.stringify(this.position);
    this.evaluator = makeEvaluator(this.position);
    this.updater = new Updater(stack, options, this.position);
  }

  async *events(): Events<EndReason> {
    const { stack, options, position, resumed, cycle } = this;
    const mode = stack.model.training;
    // What stands if the caller leaves the loop.
    let reason: EndReason | 'failed' = 'aborted';
    try {
      if (!mode) stack.model.train();
      this.restore();
      const { epochs } = options;
      await stack.begin(cycle.part, { ...cycle.details, epochs, steps: this.steps, resumed: resumed !== undefined });
      try {
        if (position.batch === 0 || this.isFinished) this.restoreAgain();
        reason = yield* this.epochs();
        await this.evaluator.restoreBest();
      } catch (thrown) {
        reason = 'failed';
        throw thrown;
      } finally {
        // A task that was not finished has not ended: nothing may be consolidated.
        if (cycle.part === 'train' || reason === 'completed') await stack.end(cycle.part, { ...cycle.details, reason });
      }
    } finally {
      if (!mode) stack.model.eval();
      this.updater.dispose();
    }
    yield { kind: 'end', reason, step: position.step };
    return reason;
  }

  private restore(): void {
    if (this.resumed) restore(this.stack as Stack<unknown>, this.resumed, this.resumed.stack.parts);
  }

  /**
   * In the run that wrote the checkpoint, the life cycle had begun before. A plugin that makes its buffers at a beginning
   * needs to be told; what it changed then is not part of the state that is resumed.
   */
  private restoreAgain(): void {
    this.restore();
    this.resumed = undefined;
  }

  /** Updates of the whole run, as far as it is known. */
  get steps(): number | undefined {
    const { epochs = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY, accumulate = 1 } = this.options;
    const perEpoch = this.source.length === undefined ? undefined : Math.ceil(this.source.length / accumulate);
    const byEpochs = perEpoch === undefined || !Number.isFinite(epochs) ? Number.POSITIVE_INFINITY : epochs * perEpoch;
    const least = Math.min(steps, byEpochs);
    return Number.isFinite(least) ? least : undefined;
  }

  private get limitReached(): boolean {
    return this.position.step >= (this.options.steps ?? Number.POSITIVE_INFINITY);
  }

  private get isFinished(): boolean {
    return this.limitReached || this.position.epoch >= (this.options.epochs ?? Number.POSITIVE_INFINITY);
  }

  private async *epochs(): Events<EndReason> {
    if (this.evaluator.patienceIsOver) return 'stopped-early';
    while (!this.isFinished) {
      const reason = yield* this.epoch();
      if (reason) return reason;
      if (this.checkpoints?.isDueAfterEpoch && !this.isFinished) yield* this.save();
    }
    const reason = this.evaluator.isDone ? undefined : yield* this.evaluator.evaluate();
    yield* this.save();
    return reason ?? 'completed';
  }

  private async *epoch(): Events<EndReason | undefined> {
    const { stack, position, options } = this;
    const index = position.epoch;
    let metrics: Record<string, number> = {};
    await stack.begin('epoch', { index, resumed: position.batch > 0 });
    try {
      if (position.batch > 0) this.restoreAgain();
      const reader = new BatchReader(this.source, index, position.batch, options.signal);
      try {
        const reason = yield* this.updates(reader);
        if (reason) {
          // Before the ends are told: in a resumed run they will be.
          yield* this.save();
          return reason;
        }
      } finally {
        reader.close();
      }
      const loss = position.lossSum / position.lossCount;
      metrics = { loss };
      if (this.limitReached && position.batch < (this.source.length ?? Number.POSITIVE_INFINITY)) return undefined;
      yield { kind: 'epoch', epoch: index, step: position.step, loss };
      if (this.evaluator.isDueAfterEpoch) {
        const reason = yield* this.evaluator.evaluate();
        if (reason) {
          yield* this.save();
          return reason;
        }
        metrics = { ...position.evaluation?.metrics, evaluationLoss: position.evaluation?.loss ?? Number.NaN, loss };
      }
    } finally {
      await stack.end('epoch', { index, metrics });
    }
    Object.assign(position, { epoch: index + 1, batch: 0, lossSum: 0, lossCount: 0 });
    return undefined;
  }

  private async *updates(reader: BatchReader): Events<EndReason | undefined> {
    const { position, options } = this;
    for (;;) {
      if (this.evaluator.isDueAfterStep) {
        const reason = yield* this.evaluator.evaluate();
        if (reason) return reason;
      }
      if (this.updater.hasUpdated && this.checkpoints?.isDueAfterStep(position.step)) yield* this.save();
      if (options.signal?.aborted) return 'aborted';
      if (this.limitReached) return undefined;
      const batches = await reader.take(options.accumulate ?? 1);
      if (batches.length === 0) {
        if (options.signal?.aborted) return 'aborted';
        if (position.batch === 0) throw noBatches(position.epoch);
        return undefined;
      }
      let event: StepEvent;
      try {
        event = await this.updater.update(batches, this.steps);
      } finally {
        reader.release(batches);
      }
      position.batch = reader.position;
      yield event;
      await breathe();
    }
  }

  private async *save(): Events<void> {
    const { checkpoints, position, stack } = this;
    const now = JSON.stringify(position);
    if (!checkpoints || now === this.saved) return;
    const event = await checkpoints.save(stack as Stack<unknown>, position);
    this.saved = now;
    yield event;
  }
}

function noBatches(epoch: number): TapgradError {
  return new TapgradError({
    code: 'DATA_EMPTY',
    message: `epoch ${epoch} gave no batch`,
    fix: 'check the data; a generator can be read only once: pass a function that opens it for each epoch',
  });
}
