import { type Stack, TapgradError } from '@tapgrad/core';
import { type BatchSource, batchSource } from '../data/batch-source.ts';
import { BatchReader, evaluationBatches } from './batch-reader.ts';
import { breathe } from './breathe.ts';
import { Clipper } from './clip.ts';
import { Watch } from './early-stopping.ts';
import type { EndReason, EvaluationEvent, StepEvent, TrainingEvent } from './events.ts';
import type { TrainerOptions } from './options.ts';
import { type Position, startPosition } from './position.ts';

type Events<T> = AsyncGenerator<TrainingEvent, T>;

/** One run of a trainer, from its first update (or the one that it resumes at) to its end. */
export class Run<Outputs> {
  readonly position: Position = startPosition();
  readonly watch: Watch;
  lastEvaluation: EvaluationEvent | undefined;
  private readonly source: BatchSource;
  private readonly learningRate: number;
  private readonly clipper: Clipper | undefined;
  private readonly began = performance.now();
  private readonly firstStep: number;

  constructor(
    private readonly stack: Stack<Outputs>,
    private readonly options: TrainerOptions<Outputs>,
  ) {
    this.source = batchSource(options.data);
    this.watch = new Watch(options.earlyStopping);
    this.learningRate = stack.options.optimizer?.learningRate ?? 0;
    this.clipper = options.clip && new Clipper(stack as Stack<unknown>, options.clip);
    this.firstStep = this.position.step;
  }

  async *events(): Events<EndReason> {
    const { stack, options, position } = this;
    const mode = stack.model.training;
    // What stands if the caller leaves the loop, or something fails.
    let reason: EndReason = 'aborted';
    if (!mode) stack.model.train();
    try {
      await stack.begin('train', { epochs: options.epochs, steps: this.steps });
      try {
        reason = yield* this.epochs();
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

  private async *epochs(): Events<EndReason> {
    const { position, options } = this;
    const epochs = options.epochs ?? Number.POSITIVE_INFINITY;
    while (position.epoch < epochs && !this.limitReached) {
      const reason = yield* this.epoch();
      if (reason) return reason;
    }
    if (options.evaluation && position.evaluatedAt !== position.step) return (yield* this.evaluate()) ?? 'completed';
    return 'completed';
  }

  private async *epoch(): Events<EndReason | undefined> {
    const { stack, position, options } = this;
    const index = position.epoch;
    let metrics: Record<string, number> = {};
    await stack.begin('epoch', { index });
    try {
      const reader = new BatchReader(this.source, index, position.batch, options.signal);
      try {
        const reason = yield* this.updates(reader);
        if (reason) return reason;
      } finally {
        reader.close();
      }
      const loss = position.lossSum / position.lossCount;
      metrics = { loss };
      if (this.limitReached && position.batch < (this.source.length ?? Number.POSITIVE_INFINITY)) return undefined;
      yield { kind: 'epoch', epoch: index, step: position.step, loss };
      if (options.evaluation && (options.evaluation.every ?? 'epoch') === 'epoch') {
        const reason = yield* this.evaluate();
        if (reason) return reason;
        metrics = { ...this.lastEvaluation?.metrics, evaluationLoss: this.lastEvaluation?.loss ?? Number.NaN, loss };
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

  private get evaluationIsDue(): boolean {
    const every = this.options.evaluation?.every;
    const { step, evaluatedAt } = this.position;
    return typeof every === 'number' && step > 0 && step % every === 0 && evaluatedAt !== step;
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
    position.evaluatedAt = step;
    const ms = performance.now() - begun;
    this.lastEvaluation = { kind: 'evaluation', ...measured, step, epoch, best, ms };
    yield this.lastEvaluation;
    await breathe();
    return options.earlyStopping && this.watch.patienceIsOver ? 'stopped-early' : undefined;
  }
}

function noBatches(epoch: number): TapgradError {
  return new TapgradError({
    code: 'DATA_EMPTY',
    message: `epoch ${epoch} gave no batch`,
    fix: 'check the data; a generator can be read only once: pass a function that opens it for each epoch',
  });
}
