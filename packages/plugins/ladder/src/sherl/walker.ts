import { detach, type Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Gathered, Gatherer } from '../base/gather.ts';
import { asTokens } from '../base/maps.ts';
import type { TapPlan } from '../base/tap-plan.ts';
import { needed } from '../base/token-mask.ts';
import type { BlockArguments } from '../base/trunk.ts';
import type { SherlModules } from './modules.ts';
import type { CheckedSherlOptions } from './options.ts';

interface Merging extends Gathered {
  logits?: Tensor;
}

/** Early route while the backbone's first blocks pass; at the last one, the merged state goes in in place of the backbone's. */
export class SherlWalker extends Gatherer<Merging> {
  constructor(
    plan: TapPlan,
    private readonly side: SherlModules,
    { mask }: CheckedSherlOptions,
  ) {
    super(plan, side.all, mask);
  }

  /** Maps wait for the last one, whose size theirs becomes. */
  protected override take(state: Tensor, index: number): Tensor {
    return this.plan.values === 'maps' ? state : (this.side.down[index] as Module).call(state);
  }

  override enter(
    merging: Merging,
    stack: number,
    layer: number,
    value: Tensor,
    rest: BlockArguments,
  ): Tensor | undefined {
    super.enter(merging, stack, layer, value, rest);
    if (!this.isLate(stack, layer)) return undefined;
    const states = this.all(merging);
    const { down, merge, late } = this.side;
    const narrow = this.plan.values === 'maps' ? down.map((each, i) => each.call(states[i] as Tensor, value)) : states;
    const merged = merge.call(...narrow);
    const residual = detach(value);
    const made = late.call(merged, residual);
    for (const each of new Set([...states, ...narrow, merged, residual])) each.dispose();
    return made;
  }

  override pass(merging: Merging, stack: number, layer: number, value: Tensor): Tensor | undefined {
    super.pass(merging, stack, layer, value);
    const { head } = this.side;
    if (!head || !this.isLate(stack, layer)) return undefined;
    merging.logits = head.call(value.rank === 4 ? asTokens(value) : value, needed(merging.mask));
    // What the model makes of it by itself is of no use: it runs untaped.
    return detach(value);
  }

  override end({ logits }: Merging, output: unknown): unknown {
    return logits ?? output;
  }

  private isLate(stack: number, layer: number): boolean {
    const { last } = this.plan;
    return stack === last.stack && layer === last.layer;
  }
}
