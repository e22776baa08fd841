import type { Batch, Module, Plugin } from '@tapgrad/core';
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
}

/** Where a plugin is tried: on a model, with the options that suit it. */
export interface PluginUse {
  readonly on: ModelSpec;
  /** The plugin, or the list that a preset gives. Called anew for each try. */
  plugins(): Plugin | readonly Plugin[];
  /** The plugin with its coefficient at 0, if it has one: the run must then be that of the model without it, bit for bit. */
  atZero?(): Plugin | readonly Plugin[];
}

/** One declaration per plugin: all that the plugin tester must know of it. */
export interface PluginSpec {
  /** The plugin's own name, or the preset's. */
  readonly name: string;
  /** Models that it suits; the first is the one that it is tried on by itself. */
  readonly uses: readonly [PluginUse, ...PluginUse[]];
  /**
   * `exact`: the gradients are those of the loss, as central differences show. `replaced`: what it trains with is no
   * gradient of the loss, and why (`checkGradients` says what they are instead). `lossy`: they differ from those of the same
   * run without the lossy stages by at most `bound`, relative in the L2 norm over all trained parameters.
   */
  readonly gradients: 'exact' | { readonly replaced: string } | { readonly lossy: string; readonly bound: number };
}
