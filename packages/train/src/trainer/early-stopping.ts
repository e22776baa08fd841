import { type Evaluation, TapgradError } from '@tapgrad/core';

export interface EarlyStoppingOptions {
  /** `loss`, the default, or a metric's name. */
  readonly metric?: string;
  /** Whether less or more is better; default: `min` for `loss`, `max` for others. */
  readonly mode?: 'min' | 'max';
  /** Evaluations in a row without improvement before the run ends; default 3. */
  readonly patience?: number;
  /** What counts as improvement; default 0. */
  readonly minimumChange?: number;
  /** Put model and plugins back to their best state at the end of the run; default false. */
  readonly restoreBest?: boolean;
}

/** What has to be remembered to go on watching. JSON. */
export interface WatchState {
  readonly best: { readonly step: number; readonly value: number } | undefined;
  readonly waited: number;
}

/** Watches one value over evaluations. */
export class Watch {
  private best: WatchState['best'];
  private waited: number;
  private readonly metric: string;
  private readonly sign: 1 | -1;

  constructor(
    private readonly options: EarlyStoppingOptions = {},
    before?: WatchState,
  ) {
    this.best = before?.best;
    this.waited = before?.waited ?? 0;
    this.metric = options.metric ?? 'loss';
    this.sign = (options.mode ?? (this.metric === 'loss' ? 'min' : 'max')) === 'min' ? 1 : -1;
  }

  /**
   * Takes an evaluation into account and says whether it is the best so far. A value that is not a number never is.
   * @throws TapgradError METRIC_UNKNOWN
   */
  see(evaluation: Evaluation, step: number): boolean {
    const value = this.metric === 'loss' ? evaluation.loss : evaluation.metrics[this.metric];
    if (value === undefined) {
      throw new TapgradError({
        code: 'METRIC_UNKNOWN',
        message: `the evaluation has no metric ${this.metric}`,
        fix: `watch one of: loss, ${Object.keys(evaluation.metrics).join(', ')}`,
      });
    }
    const gain = this.best ? (this.best.value - value) * this.sign : Number.POSITIVE_INFINITY;
    const better = !Number.isNaN(value) && gain > (this.options.minimumChange ?? 0);
    if (better) this.best = { step, value };
    this.waited = better ? 0 : this.waited + 1;
    return better;
  }

  get patienceIsOver(): boolean {
    return this.waited >= (this.options.patience ?? 3);
  }

  state(): WatchState {
    return { best: this.best, waited: this.waited };
  }
}
