import type { Tape } from '@tapgrad/core';
import { ForwardRecord } from './forward-record.ts';
import { offloadable, usableBandwidth } from './math.ts';
import type { CheckedOffloadOptions } from './options.ts';
import type { Policy } from './policy.ts';

type PlanOptions = Pick<CheckedOffloadOptions, 'plan' | 'profile' | 'keepLast'>;

/** Decides value by value what leaves the device, from the policy and from the forwards before. */
export class OffloadPlan {
  record: ForwardRecord;
  private before: ForwardRecord | undefined;
  private fastest: ForwardRecord | undefined;
  private tape: Tape | undefined;
  private forwards = 0;
  /** Modules whose values may leave, once that is decided. */
  private decided: ReadonlySet<string> | undefined;

  constructor(
    private readonly policy: Policy,
    private readonly options: PlanOptions,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.record = new ForwardRecord(now);
  }

  /** Whether the value that a module saves now leaves the device. Every forward has a tape of its own. */
  leaves(path: string, tape: Tape | undefined): boolean {
    if (tape !== this.tape) this.begin(tape);
    const number = this.record.saved(path);
    if (this.policy.strategyOf(path) === 'keep') return false;
    if (this.options.keepLast && this.before && number >= this.before.lastModule) return false;
    return this.decided?.has(path) ?? true;
  }

  private begin(tape: Tape | undefined): void {
    if (this.tape) this.end();
    this.tape = tape;
    this.record = new ForwardRecord(this.now);
  }

  private end(): void {
    const { plan, profile } = this.options;
    this.before = this.record;
    if (plan === 'fixed' || this.decided) return;
    // The least disturbed one counts; the first compiles kernels.
    if (!this.fastest || this.record.forward < this.fastest.forward) this.fastest = this.record;
    if (++this.forwards < profile) return;
    const { bytes, transfer, forward } = this.fastest;
    this.decided = new Set(offloadable(this.fastest.profile(), forward, usableBandwidth(bytes, transfer)));
  }
}
