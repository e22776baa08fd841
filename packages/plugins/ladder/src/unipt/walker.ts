import type { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Gathered, Gatherer } from '../base/gather.ts';
import { type Classifier, type TokenPool, takesOneVector } from '../base/head.ts';
import type { TapPlan } from '../base/tap-plan.ts';
import { needed } from '../base/token-mask.ts';
import type { Interaction, Output } from './modules.ts';
import type { CheckedUniptOptions } from './options.ts';

export interface UniptModules {
  /** In the order of the taps; those of maps are given the last map too. */
  readonly narrow: readonly Module<[state: Tensor, last?: Tensor]>[];
  readonly interaction: Interaction;
  readonly output: Output;
  /** A new classifier, or what pools features for the model's own head. */
  readonly head: Classifier | undefined;
  readonly pool: TokenPool;
}

/** Brings frozen states down as they pass, and compares them when the model needs features. */
export class UniptWalker extends Gatherer {
  constructor(
    plan: TapPlan,
    private readonly side: UniptModules,
    private readonly options: CheckedUniptOptions,
  ) {
    const { narrow, interaction, output, head, pool } = side;
    super(plan, [...narrow, interaction, output, ...(head ? [head] : [pool])], options.mask);
  }

  /** Maps wait for the last one, whose size theirs becomes. */
  protected override take(state: Tensor, index: number): Tensor {
    return this.plan.values === 'maps' ? state : (this.side.narrow[index] as Module).call(state);
  }

  replace(gathered: Gathered, value: Tensor): Tensor {
    const pooled = takesOneVector(value, this.options.at);
    const features = this.features(gathered);
    return pooled ? this.side.pool.call(features, needed(gathered.mask)) : features;
  }

  override end(gathered: Gathered, output: unknown): unknown {
    const { head } = this.side;
    return head ? head.call(this.features(gathered), needed(gathered.mask)) : output;
  }

  private features(gathered: Gathered): Tensor {
    const states = this.all(gathered);
    const last = states.at(-1) as Tensor;
    const { narrow, interaction, output } = this.side;
    const narrowed =
      this.plan.values === 'maps' ? narrow.map((each, i) => each.call(states[i] as Tensor, last)) : states;
    const merged = interaction.call(needed(gathered.mask), ...narrowed);
    const features = output.call(narrowed.at(-1) as Tensor, merged);
    for (const each of new Set([...states, ...narrowed, merged])) each.dispose();
    return features;
  }
}
