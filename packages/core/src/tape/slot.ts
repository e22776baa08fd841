import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import type { Attributes } from '../engine-seam.ts';
import type { SaveRole } from '../rules/registry.ts';
import type { Phase } from './phase.ts';

/** What a plugin is told about a value that a rule saves. */
export interface SaveRequest {
  readonly kernel: string;
  /** The kernel's name for the value: an input's, or `y`. */
  readonly operand: string;
  readonly role: SaveRole;
  /** The kernel's attributes: some derivatives depend on them (a slope, which approximation). */
  readonly attrs: Attributes;
  readonly modulePath: string;
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly bytes: number;
  /** Plugin whose module runs, if one does. */
  readonly owner: string | undefined;
  readonly phase: Phase;
  /** Parameters and batch inputs are never packed; the pipeline is not asked about them. */
  readonly kind: 'activation' | 'parameter' | 'batch';
}

/**
 * One reversible step of a slot's pipeline. If the stage before it made several tensors (codes and scales, say),
 * it is applied to each of them. `unpack` undoes it.
 */
export interface SlotStage<Packed = unknown> {
  /** Set by the hook: whose stage this is. */
  readonly plugin?: string | undefined;
  pack(value: Tensor): Packed;
  /**
   * As `pack`, in the pass that computes the op. Asked of the first stage of what an activation (`gelu`, `silu`, `hardSwish`, an own op of role
   * `derivative`) saves of its input, before the activation runs; undefined: it runs by itself, and `pack` is called.
   */
  packWithOutput?(value: Tensor): { readonly packed: Packed; readonly output: Tensor } | undefined;
  /** Makes a tensor, or a promise of one; it is freed after use. */
  unpack(packed: Packed): Tensor | Promise<Tensor>;
  /**
   * Of a stage that restores the derivative: `dy · f'(value)` in one pass, without the derivative beside dy and the
   * product. Default: `unpack`, then a product.
   */
  unpackTimes?(packed: Packed, dy: Tensor): Tensor;
  /** What `unpack` gives back: the value, or (only for role `derivative`) f'(value). */
  readonly restores?: 'value' | 'derivative';
  /** Set if `unpack` may return a promise. */
  readonly asynchronous?: boolean;
  /** Of an asynchronous stage that can also do without waiting: what `backward` calls, which cannot wait. */
  unpackNow?(packed: Packed): Tensor;
  /** Said of a stage that does not give the same bits back: its error bound, in words or figures. */
  readonly lossy?: string | number;
  /** Starts bringing the value back, some nodes before it is needed. */
  prefetch?(packed: Packed): void;
  /** Frees what `pack` made, other than tensors, which are disposed. */
  discard?(packed: Packed): void;
}

/** What the `save` waterfall passes along: the stages so far. Each plugin adds its own behind them. */
export class SlotPlan {
  constructor(readonly stages: readonly SlotStage[] = []) {}

  through<Packed>(stage: SlotStage<Packed>): SlotPlan {
    return new SlotPlan([...this.stages, stage as SlotStage]);
  }

  /** The same stages, those without a name signed with the plugin's. */
  signed(plugin: string): SlotPlan {
    if (this.stages.every((stage) => stage.plugin)) return this;
    return new SlotPlan(this.stages.map((stage) => (stage.plugin ? stage : named(stage, plugin))));
  }
}

/** Stages may be instances of classes: the name goes on a copy that delegates. */
function named(stage: SlotStage, plugin: string): SlotStage {
  return Object.create(stage, { plugin: { value: plugin, enumerable: true } }) as SlotStage;
}

/** A value kept for backward. */
export interface Slot {
  /** The value again; the caller's scope owns it. Throws ASYNC_RESTORE for an asynchronous slot. */
  restore(): Tensor;
  /** Of a slot that holds a code of the derivative: `dy · f'(value)`. */
  restoreTimes(dy: Tensor): Tensor;
  /** As `restore`; no scope holds what comes, and the caller must dispose it. */
  restoreLate(): Promise<Tensor>;
  prefetch(): void;
  release(): void;
  /** True if restore gives the saved bits back. */
  readonly exact: boolean;
  readonly derivativeCoded: boolean;
  /** True if it comes back by `restoreLate` where backward can wait. */
  readonly asynchronous: boolean;
  /** False if `restore` cannot restore it. */
  readonly now: boolean;
}
