import { type Stack, TapgradError } from '@tapgrad/core';
import type { OpenCheckpoint } from '../checkpoint/checkpoint.ts';
import { restore } from '../checkpoint/restore.ts';
import { type BatchSource, batchSource } from '../data/batch-source.ts';
import { BatchReader, evaluationBatches } from './batch-reader.ts';
import { breathe } from './breathe.ts';
import { BestState, type Checkpoints } from './checkpoints.ts';
import { Clipper } from './clip.ts';
import { Watch } from './early-stopping.ts';
import type { EndReason, StepEvent, TrainingEvent } from './events.ts';
import type { TrainerOptions } from './options.ts';
import { type Position, startPosition } from './position.ts';

type Events<T> = AsyncGenerator<TrainingEvent, T>;

/** One run of a trainer, from its first update (or the one that it resumes at) to its end. */
export class Run<Outputs> {
  readonly position: Position;
  private readonly watch: Watch;
  private readonly best: BestState | undefined;
  private readonly source: BatchSource;
  private readonly learningRate: number;
  private readonly clipper: Clipper | undefined;
  private readonly began = performance.now();
  private readonly firstStep: number;
  /** The position of the last checkpoint. */
  private saved: string | undefined;

  constructor(
    private readonly stack: Stack<Outputs>,
    private readonly options: TrainerOptions<Outputs>,
    private readonly checkpoints: Checkpoints | undefined,
    private resumed: (OpenCheckpoint & { readonly run: Position }) | undefined,
  ) {
    this.position = resumed ? { ...resumed.run } : startPosition();
    this.firstStep = this.position.step;
    this.saved = resumed && JSON.stringify(this.position);
    this.source = batchSource(options.data);
    this.watch = new Watch(options.earlyStopping, this.position.watch);
    this.best = options.earlyStopping?.restoreBest ? new BestState(stack as Stack<unknown>, checkpoints) : undefined;
    this.learningRate = stack.options.optimizer?.learningRate ?? 0;
    this.clipper = options.clip && new Clipper(stack as Stack<unknown>, options.clip);
  }

  async *events(): Events<EndReason> {
    const { stack, options, position, resumed } = this;
    const mode = stack.model.training;
    // What stands if the caller leaves the loop, or something fails.
    let reason: EndReason = 'aborted';
    try {
      if (!mode) stack.model.train();
      this.restore();
      await stack.begin('train', { epochs: options.epochs, steps: this.steps, resumed: resumed !== undefined });
      try {
        if (position.batch === 0 || this.isFinished) this.restoreAgain();
        reason = yield* this.epochs();
        if (this.best && position.watch?.best) await this.best.restore();
      } finally {
        await stack.end('train', { reason });
      }
    } finally {
      if (!mode) stack.model.eval();
      if (stack.options.optimizer) stack.options.optimizer.learningRate = this.learningRate;
      this.clipper?.dispose();
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
    const { position } = this;
    if (this.patienceIsOver) return 'stopped-early';
    while (!this.isFinished) {
      const reason = yield* this.epoch();
      if (reason) return reason;
      if (this.checkpoints?.isDueAfterEpoch && !this.isFinished) yield* this.save();
    }
    const reason = position.evaluation?.step === position.step ? undefined : yield* this.evaluate();
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
      if (options.evaluation && (options.evaluation.every ?? 'epoch') === 'epoch') {
        const reason = yield* this.evaluate();
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
      if (this.evaluationIsDue) {
        const reason = yield* this.evaluate();
        if (reason) return reason;
      }
      if (position.step > this.firstStep && this.checkpoints?.isDueAfterStep(position.step)) yield* this.save();
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
        event = await this.update(batches);
      } finally {
        reader.release(batches);
      }
      position.batch = reader.position;
      yield event;
      await breathe();
    }
  }

  private async update(batches: Awaited<ReturnType<BatchReader['take']>>): Promise<StepEvent> {
    const { stack, position, options, steps } = this;
    const learningRate = this.learningRate * (options.schedule?.({ step: position.step, steps }) ?? 1);
    if (stack.options.optimizer) stack.options.optimizer.learningRate = learningRate;
    const begun = performance.now();
    const result = await stack.step(batches);
    const [loss, terms, gradientNorm] = await Promise.all([result.loss, result.terms, this.clipper?.takeNorm()]);
    const stepMs = performance.now() - begun;
    if (!Number.isFinite(loss) && !options.allowNonFinite) throw notFinite(loss, position.step);
    position.step++;
    position.loss = loss;
    position.lossSum += loss;
    position.lossCount++;
    const { step, epoch } = position;
    const perStep = (performance.now() - this.began) / (step - this.firstStep);
    const etaMs = steps === undefined ? undefined : perStep * (steps - step);
    const peakBytes = stack.ledger.peak().bytes;
    return { kind: 'step', step, steps, epoch, loss, terms, learningRate, gradientNorm, stepMs, peakBytes, etaMs };
  }

  private async *save(): Events<void> {
    const { checkpoints, position, stack } = this;
    const now = JSON.stringify(position);
    if (!checkpoints || now === this.saved) return;
    const event = await checkpoints.save(stack as Stack<unknown>, position);
    this.saved = now;
    yield event;
  }

  private get evaluationIsDue(): boolean {
    const every = this.options.evaluation?.every;
    const { step, evaluation } = this.position;
    return typeof every === 'number' && step > 0 && step % every === 0 && evaluation?.step !== step;
  }

  private async *evaluate(): Events<EndReason | undefined> {
    const { stack, position, options } = this;
    if (!options.evaluation) return undefined;
    const { data, metrics } = options.evaluation;
    const begun = performance.now();
    const measured = await stack.evaluate(evaluationBatches(data, options.signal), metrics);
    // Measured on some of the data only: worth nothing.
    if (options.signal?.aborted) return 'aborted';
    const { step, epoch } = position;
    const best = this.watch.see(measured, step);
    const ms = performance.now() - begun;
    position.watch = this.watch.state();
    position.evaluation = { kind: 'evaluation', ...measured, step, epoch, best, ms };
    if (best) await this.best?.save();
    yield position.evaluation;
    await breathe();
    return this.patienceIsOver ? 'stopped-early' : undefined;
  }

  private get patienceIsOver(): boolean {
    return this.options.earlyStopping !== undefined && this.watch.patienceIsOver;
  }
}

function noBatches(epoch: number): TapgradError {
  return new TapgradError({
    code: 'DATA_EMPTY',
    message: `epoch ${epoch} gave no batch`,
    fix: 'check the data; a generator can be read only once: pass a function that opens it for each epoch',
  });
}

function notFinite(loss: number, step: number): TapgradError {
  return new TapgradError({
    code: 'LOSS_NOT_FINITE',
    message: `the loss of step ${step} is ${loss}: the update after it is worth nothing`,
    fix: 'lower the learning rate, clip the gradients, look for a log or a division of 0; { allowNonFinite: true } goes on',
  });
}
