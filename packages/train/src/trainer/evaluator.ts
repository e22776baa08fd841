import type { Stack } from '@tapgrad/core';
import { evaluationBatches } from './batch-reader.ts';
import { breathe } from './breathe.ts';
import { BestState, type Checkpoints } from './checkpoints.ts';
import { Watch } from './early-stopping.ts';
import type { EndReason, Events } from './events.ts';
import type { TrainerOptions } from './options.ts';
import type { Position } from './position.ts';

/** What measures in the course of a run. */
export interface RunEvaluator {
  readonly isDueAfterStep: boolean;
  readonly isDueAfterEpoch: boolean;
  readonly patienceIsOver: boolean;
  /** Whether nothing is left to be measured at the end of the run. */
  readonly isDone: boolean;
  evaluate(): Events<EndReason | undefined>;
  restoreBest(): Promise<void>;
}

/** The evaluations of a run, and what follows from them: the best state, and an early end. */
export class Evaluator<Outputs> implements RunEvaluator {
  private readonly watch: Watch;
  private readonly best: BestState | undefined;

  constructor(
    private readonly stack: Stack<Outputs>,
    private readonly options: TrainerOptions<Outputs>,
    private readonly position: Position,
    checkpoints: Checkpoints | undefined,
  ) {
    this.watch = new Watch(options.earlyStopping, position.watch);
    this.best = options.earlyStopping?.restoreBest ? new BestState(stack as Stack<unknown>, checkpoints) : undefined;
  }

  get isDueAfterStep(): boolean {
    const every = this.options.evaluation?.every;
    const { step } = this.position;
    return typeof every === 'number' && step > 0 && step % every === 0 && !this.isDone;
  }

  get isDueAfterEpoch(): boolean {
    return (this.options.evaluation?.every ?? 'epoch') === 'epoch' && !this.isDone;
  }

  get patienceIsOver(): boolean {
    return this.options.earlyStopping !== undefined && this.watch.patienceIsOver;
  }

  /** Whether there is an evaluation of the parameters as they are, or none to be made. */
  get isDone(): boolean {
    return !this.options.evaluation || this.position.evaluation?.step === this.position.step;
  }

  async *evaluate(): Events<EndReason | undefined> {
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

  /** Puts back the best state, if that was asked for and there is one. */
  async restoreBest(): Promise<void> {
    if (this.best && this.position.watch?.best) await this.best.restore();
  }
}
