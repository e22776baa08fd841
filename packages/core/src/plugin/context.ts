import type { Tensor } from '@tensorflow/tfjs-core';
import type { PluginHooks } from '../hooks/plugin-hooks.ts';
import type { Batch, Differentiated, GradientMap, LossTerms, StepContext } from '../hooks/types.ts';
import type { Ledger } from '../ledger.ts';
import type { Module } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { RandomStream } from '../random.ts';
import type { RememberedScope } from '../remembered-scope.ts';
import type { ParameterVector } from '../services/parameter-vector.ts';
import type { Snapshot } from '../services/snapshot.ts';
import type { StackSnapshot, StackSnapshotOptions } from '../services/stack-snapshot.ts';
import type { Tape } from '../tape/tape.ts';

// biome-ignore lint/suspicious/noExplicitAny: a model of any signature can be attached
export type AnyModule = Module<any, any>;

/** A forward of the model and its loss, as plugins see them while they run. */
export interface ForwardPass extends StepContext {
  readonly batch: Batch;
  /** The tape that records; undefined in evaluation. */
  readonly tape: Tape | undefined;
  /** Share of this micro-batch in the step's gradient: what a local backward is scaled with. */
  readonly weight: number;
  /** Lives until the loss terms are complete: for what a tap makes and the `loss` hook needs. */
  readonly scope: RememberedScope;
}

/** Makes more loss terms of a forward that is no part of a step. */
export type TaskTerms = (terms: LossTerms, forward: { readonly outputs: unknown; readonly batch: Batch }) => LossTerms;

export interface TaskGradientsOptions {
  /** Default: those that train now. */
  readonly parameters?: ReadonlyMap<string, Parameter>;
  /** Which of the plugin's extra passes in this step it is: keys its random draws. Default 0. */
  readonly pass?: number;
  /** Changes the terms, of which there is `task` at first: for values that were kept with the batch. */
  readonly loss?: TaskTerms;
}

/** What a plugin is given in `apply`: the model, its options, the hooks, and services. */
export interface PluginContext<Options> {
  readonly name: string;
  readonly options: Options;
  readonly model: AnyModule;
  readonly hooks: PluginHooks;
  readonly ledger: Ledger;
  /** False while the plugin is disabled: for what it gives to others, who may ask at any time. */
  enabled(): boolean;
  /** Updates made so far. */
  step(): number;
  /** The forward and loss that run now, with their batch; undefined outside them, and in `predict`. */
  pass(): ForwardPass | undefined;
  /** The tape that records now; undefined outside a taped forward. */
  tape(): Tape | undefined;
  /**
   * Adds a module under `plugin/name`. Its parameters train and are saved with the plugin.
   * Its own tap points are named `plugin/name…:output`.
   */
  addModule<M extends AnyModule>(name: string, module: M): M;
  /** Adds a parameter under `plugin/name`. */
  addParameter(name: string, parameter: Parameter): Parameter;
  /** Takes away and disposes a module or parameter that was added under this name. */
  remove(name: string): void;
  /**
   * Decides what trains: false stops a parameter, true lets it train, undefined leaves it to others. Asked anew at each
   * step, so that the answer may change; optimizer state is kept meanwhile.
   */
  filterTrainable(filter: (name: string, parameter: Parameter) => boolean | undefined): void;
  /**
   * Modules that run in evaluation mode in training too, for example a frozen backbone's batch norms, which would
   * otherwise change their statistics. While the plugin is disabled they train as ever.
   */
  keepInEvaluation(modules: Iterable<AnyModule>): void;
  /** Modules that keep their inputs alone and run again in backward (`Module.recomputed`), while the plugin is enabled. */
  recompute(modules: Iterable<AnyModule>): void;
  /** Every module, those of plugins included; each knows its `path`, which starts with its plugin's name. */
  modules(): readonly AnyModule[];
  /** All parameters by name, those of plugins included. */
  parameters(): ReadonlyMap<string, Parameter>;
  /** Those of them that train now. */
  trainableParameters(): ReadonlyMap<string, Parameter>;
  /** The stream of this plugin, this step and these keys. */
  random(...keys: (string | number)[]): RandomStream;
  /** A frozen copy of a module, by default of the model; buffers and mode included. Disposed with the plugin. */
  snapshot<In extends readonly unknown[], Out>(module: Module<In, Out>): Snapshot<In, Out>;
  /** Runs a forward that leaves no trace: no tape, no statistics update, no random draw. */
  shadow<T>(f: () => T): T;
  /**
   * The model with all its plugins as it is now, for a teacher that runs later: its taps run too, with the values of
   * now. Disposed with the plugin, or before.
   */
  snapshotStack(options?: StackSnapshotOptions): StackSnapshot;
  /**
   * Gradients of the user's own loss of any batch, by another forward and backward that is no part of the step's: taps run,
   * the `batch`, `loss` and gradient hooks do not. The caller disposes what it gives.
   */
  taskGradients(batch: Batch, options?: TaskGradientsOptions): Differentiated;
  /** Parameters as one vector; by default those that train. */
  parameterVector(pattern?: string): ParameterVector;
  /**
   * Gradients of the user's own loss of every sample by itself, for the parameters whose name matches (a glob, or a
   * function). The model runs in evaluation mode, one sample at a time: batch statistics would mix samples.
   * `pass` keys random draws, as of `taskGradients`.
   * @param visit is given each sample's gradients and loss, which are disposed when it returns
   */
  perSampleGradients(
    batch: Batch,
    options: { readonly parameters?: string | ((name: string) => boolean); readonly pass?: number },
    visit: (gradients: GradientMap, sample: number, loss: Tensor) => void,
  ): void;
  /** Keeps a tensor until the plugin is detached, and counts it as the plugin's. */
  keep<T extends Tensor>(tensor: T): T;
}
