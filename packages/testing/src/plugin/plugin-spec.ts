import type { Batch, Module, Plugin, Stack } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A tiny model to try plugins on, with its data. */
export interface ModelSpec {
  /** What it is, for example `vision-transformer`: two plugins meet on the first model that both name. */
  readonly name: string;
  /** The same weights each time. The caller disposes it. */
  model(): Module<never, unknown>;
  /** Batch number `index`, the same each time. The caller disposes its tensors. */
  batch(index: number): Batch;
  loss(outputs: unknown, batch: Batch): Tensor;
  /** What has happened before anything is looked at, for example a first task: `afterFirstTask` gives it. */
  begin?(stack: Stack): Promise<void>;
}

/** Where a plugin is tried: on a model, with the options that suit it. */
export interface PluginUse {
  readonly on: ModelSpec;
  /** The plugin, or the list that a preset gives. Called anew for each try. */
  plugins(): Plugin | readonly Plugin[];
  /** The plugin with its coefficient at 0, if it has one: the run must then be that of the model without it, bit for bit. */
  atZero?(): Plugin | readonly Plugin[];
}

/** What an oracle is given: a stack before a step, and the batch that the step will be made with. */
export interface Attached {
  readonly stack: Stack;
  readonly model: Module<never, unknown>;
  readonly batch: Batch;
}

/** What a plugin trains with is no gradient of the loss. */
export interface ReplacedGradients {
  /** Why, and what it is instead. */
  readonly replaced: string;
  /** Patterns of names of the parameters that move in two steps; every other stays, bit for bit. Default: those that train. */
  readonly moves?: readonly string[];
  /**
   * What the gradients must be, found in another way, by parameter name; those that it names are compared. It leaves the
   * stack as it was; the tensors are the tester's to dispose.
   */
  oracle?(attached: Attached): ReadonlyMap<string, Tensor> | Promise<ReadonlyMap<string, Tensor>>;
}

/**
 * The forward is that of the same run without the stages that say `lossy`, bit for bit; its gradients differ from that
 * run's by at most `bound`, relative in the L2 norm over all trained parameters.
 */
export interface LossyGradients {
  /** What is lost. */
  readonly lossy: string;
  readonly bound: number;
}

/** One declaration per plugin: all that the plugin tester must know of it. */
export interface PluginSpec {
  /** The plugin's own name, or the preset's. */
  readonly name: string;
  /** Models that it suits; the first is the one that it is tried on by itself. */
  readonly uses: readonly [PluginUse, ...PluginUse[]];
  /** `exact`: the gradients are those of the loss, as central differences show. */
  readonly gradients: 'exact' | ReplacedGradients | LossyGradients;
}
