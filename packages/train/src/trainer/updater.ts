import { type Batch, type Stack, TapgradError } from '@tapgrad/core';
import { Clipper } from './clip.ts';
import type { StepEvent } from './events.ts';
import type { TrainerOptions } from './options.ts';
import type { Position } from './position.ts';

/** The updates of a run: each with its learning rate, clipped, counted and timed. */
export class Updater<Outputs> {
  private readonly learningRate: number;
  private readonly clipper: Clipper | undefined;
  private readonly began = performance.now();
  private readonly firstStep: number;

  constructor(
    private readonly stack: Stack<Outputs>,
    private readonly options: TrainerOptions<Outputs>,
    private readonly position: Position,
  ) {
    this.firstStep = position.step;
    this.learningRate = stack.options.optimizer?.learningRate ?? 0;
    this.clipper = options.clip && new Clipper(stack as Stack<unknown>, options.clip);
  }

  /** @param steps of the whole run, where that is known */
  async update(batches: readonly Batch[], steps: number | undefined): Promise<StepEvent> {
    const { stack, position, options } = this;
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

  /** Whether this process made an update. */
  get hasUpdated(): boolean {
    return this.position.step > this.firstStep;
  }

  /** Leaves the optimizer and the stack's hooks as they were. */
  dispose(): void {
    if (this.stack.options.optimizer) this.stack.options.optimizer.learningRate = this.learningRate;
    this.clipper?.dispose();
  }
}

function notFinite(loss: number, step: number): TapgradError {
  return new TapgradError({
    code: 'LOSS_NOT_FINITE',
    message: `the loss of step ${step} is ${loss}: the update after it is worth nothing`,
    fix: 'lower the learning rate, clip the gradients, look for a log or a division of 0; { allowNonFinite: true } goes on',
  });
}
