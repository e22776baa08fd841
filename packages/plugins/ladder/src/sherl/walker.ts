import { detach, type Module } from '@tapgrad/core';
import { type DataId, Tensor } from '@tensorflow/tfjs-core';
import { type Gathered, Gatherer } from '../base/gather.ts';
import { asTokens } from '../base/maps.ts';
import type { TapPlan } from '../base/tap-plan.ts';
import { needed } from '../base/token-mask.ts';
import type { BlockArguments } from '../base/trunk.ts';
import type { SherlModules } from './modules.ts';
import type { CheckedSherlOptions } from './options.ts';

interface Merging extends Gathered {
  logits?: Tensor;
  /** What was made of an encoder's states, by the buffer of what the encoder itself gave. */
  memories?: Map<DataId, Tensor>;
  /** What the last block of an encoder gave. */
  encoded?: Tensor;
}

/** Early route while the backbone's first blocks pass; at the last one, the merged state goes in in place of the backbone's. */
export class SherlWalker extends Gatherer<Merging> {
  constructor(
    plan: TapPlan,
    private readonly side: SherlModules,
    /** Number of the last block of each stack. */
    private readonly ends: readonly number[],
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
    const states = this.all(merging, (of) => this.plan.values === 'maps' || of === stack);
    const { down, merge, late } = this.side;
    const narrow = this.plan.values === 'maps' ? down.map((each, i) => each.call(states[i] as Tensor, value)) : states;
    const merged = merge.call(...narrow);
    const residual = detach(value);
    const made = late.call(merged, residual);
    for (const each of new Set([...states, ...narrow, merged, residual])) each.dispose();
    return made;
  }

  /** The late block alone attends to what was made of the encoder; the blocks before it to the encoder itself. */
  beside({ memories }: Merging, stack: number, layer: number, rest: BlockArguments): BlockArguments | undefined {
    if (!memories || !this.isLate(stack, layer)) return undefined;
    return rest.map((each) => (each instanceof Tensor ? (memories.get(each.dataId) ?? each) : each));
  }

  leave(merging: Merging, stack: number, value: unknown): void {
    const memory = this.side.memories[stack];
    if (!memory || !merging.encoded || !(value instanceof Tensor)) return;
    const states = this.all(merging, (of) => of === stack);
    merging.memories ??= new Map();
    merging.memories.set(value.dataId, memory.call(states, merging.encoded));
    for (const each of [...states, merging.encoded]) each.dispose();
  }

  override pass(merging: Merging, stack: number, layer: number, value: Tensor): Tensor | undefined {
    super.pass(merging, stack, layer, value);
    if (this.side.memories[stack] && layer === this.ends[stack]) merging.encoded = detach(value);
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
