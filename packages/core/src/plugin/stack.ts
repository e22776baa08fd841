import type { Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { StackHooks } from '../hooks/stack-hooks.ts';
import type { Batch, GradientMap, LifeCycle, LifeCycleContext, LossTerms } from '../hooks/types.ts';
import { Ledger, type MemoryCategory } from '../ledger.ts';
import { namePaths } from '../module/module.ts';
import type { BufferJournal, Parameter } from '../module/parameter.ts';
import { setEvaluationMode } from '../services/evaluation-mode.ts';
import type { AnyModule, ForwardPass } from './context.ts';
import { type Evaluation, type EvaluationDetails, evaluate, type Metric } from './evaluate.ts';
import { explain } from './explain.ts';
import { differentiate, drawing, modelOutputs, shadowOf } from './forward.ts';
import type { PluginHandle } from './handle.ts';
import type { Optimizer } from './optimizer.ts';
import type { OrderReason } from './order.ts';
import { loadStackState, type StackState, type StatePart, stackState } from './stack-state.ts';
import { runStep, type StepResult } from './step.ts';

/** The user's own loss: a scalar from what the model returned and the batch. */
export type Loss<Outputs> = (outputs: Outputs, batch: Batch) => Tensor;

export interface StackOptions<Outputs> {
  // A method, not a property: a stack of one output type may then stand where any stack may.
  loss(outputs: Outputs, batch: Batch): Tensor;
  /** Without one, only plugins that replace the update can train. */
  readonly optimizer?: Optimizer;
  /** Of every random stream; default 0. */
  readonly seed?: number;
  /** Recompute cheap values in backward instead of keeping them; same gradients, bit for bit. Default true. */
  readonly derivedSlots?: boolean;
}

/** A model with its plugins: trains by steps, predicts, evaluates, and can be taken apart again. */
export class Stack<Outputs = unknown> {
  readonly hooks = new StackHooks();
  readonly ledger = new Ledger();
  readonly seed: number;
  /** In the order in which they run. @internal */
  readonly handles: PluginHandle[] = [];
  /** Terms whose gradients some plugin wants by themselves. @internal */
  readonly keptApart = new Map<string, number>();
  /** The forward and loss that run now. @internal */
  pass: ForwardPass | undefined;
  /** Buffers that the step which is running has changed. @internal */
  journal: BufferJournal | undefined;
  /** Updates made so far. @internal */
  step_ = 0;
  private detached = false;
  private readonly trainableBefore: ReadonlyMap<Parameter, boolean>;

  /** @internal use `attach` */
  constructor(
    readonly model: AnyModule,
    readonly options: StackOptions<Outputs>,
    readonly reasons: readonly OrderReason[],
  ) {
    this.seed = options.seed ?? 0;
    this.trainableBefore = new Map([...model.namedParameters().values()].map((each) => [each, each.trainable]));
    namePaths(model, '', undefined, this.hooks.taps);
    this.ledger.open();
  }

  /** Names of the attached plugins, in the order in which they run. */
  get plugins(): string[] {
    return this.handles.map((handle) => handle.plugin);
  }

  /** Number of updates made. */
  get steps(): number {
    return this.step_;
  }

  /** Every module, those of plugins included. */
  modules(): AnyModule[] {
    const roots = [this.model, ...this.handles.flatMap((handle) => [...handle.modules.values()])];
    return roots.flatMap((root) => [...root.namedModules().values()] as AnyModule[]);
  }

  /** Every parameter by name; those of plugins as `plugin/name`. */
  namedParameters(): Map<string, Parameter> {
    const all = new Map(this.model.namedParameters());
    for (const handle of this.handles) for (const [name, each] of handle.namedParameters()) all.set(name, each);
    return all;
  }

  /** The parameters that train now. */
  trainableParameters(): Map<string, Parameter> {
    const filters = this.handles.filter((handle) => handle.enabled).flatMap((handle) => handle.filters);
    const disabled = this.handles.filter((handle) => !handle.enabled).map((handle) => `${handle.plugin}/`);
    const trains = (name: string, parameter: Parameter) => {
      if (disabled.some((prefix) => name.startsWith(prefix))) return false;
      let answer: boolean | undefined;
      for (const filter of filters) {
        const said = filter(name, parameter);
        if (said !== undefined) answer = (answer ?? true) && said;
      }
      return answer ?? parameter.trainable;
    };
    return new Map([...this.namedParameters()].filter(([name, parameter]) => trains(name, parameter)));
  }

  /**
   * One update from one batch, or from several micro-batches whose gradients are averaged.
   * If anything fails before the update, no parameter and no statistics have changed; no tensor is left in any case.
   */
  async step(batches: Batch | readonly Batch[]): Promise<StepResult> {
    this.mustBeAttached();
    return runStep(this as Stack<unknown>, Array.isArray(batches) ? batches : [batches as Batch]);
  }

  /** What the model with its plugins returns in evaluation mode, without a tape. Modes are as before afterwards. */
  predict(...inputs: unknown[]): Outputs {
    this.mustBeAttached();
    const restoreModes = setEvaluationMode(this.modules());
    try {
      return shadowOf(this as Stack<unknown>, () => modelOutputs(this as Stack<unknown>, inputs)) as Outputs;
    } finally {
      restoreModes();
    }
  }

  /**
   * Mean loss and metrics over batches, in evaluation mode; hooks fire as in training.
   * @param details what its beginning and end are told besides
   */
  async evaluate(
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    metrics: Readonly<Record<string, Metric<Outputs>>> = {},
    details: EvaluationDetails = {},
  ): Promise<Evaluation> {
    this.mustBeAttached();
    return evaluate(this as Stack<unknown>, batches, metrics as Readonly<Record<string, Metric<unknown>>>, details);
  }

  /** Loss terms and gradients of one batch, with the draws of the next step; nothing is updated. Call `dispose` when done with them. */
  gradientsOf(
    batch: Batch,
    parameters: ReadonlyMap<string, Parameter> = this.trainableParameters(),
  ): { terms: LossTerms; gradients: GradientMap; dispose(): void } {
    const stack = this as Stack<unknown>;
    const made = drawing(stack, () => differentiate(stack, batch, { parameters }));
    return {
      ...made,
      dispose() {
        for (const each of [...Object.values(made.terms), ...made.gradients.values()]) each.dispose();
      },
    };
  }

  /** Tells plugins that a part of the life cycle begins (a run, an epoch, a task, an evaluation). */
  async begin(part: LifeCycle, details: Omit<LifeCycleContext, 'step'> = {}): Promise<void> {
    await this.hooks.begin[part].call({ ...details, step: this.step_ });
  }

  async end(part: LifeCycle, details: Omit<LifeCycleContext, 'step'> = {}): Promise<void> {
    await this.hooks.end[part].call({ ...details, step: this.step_ });
  }

  /** A disabled plugin's hooks and filters do nothing, and its parameters do not train. */
  setEnabled(plugin: string, enabled: boolean): void {
    this.handle(plugin).enabled = enabled;
  }

  /** Who runs where, what each plugin adds, and why in this order. */
  explain(): string {
    return explain(this as Stack<unknown>);
  }

  /** State by name: the live tensors, and JSON. Default: all of it. */
  state(...parts: StatePart[]): StackState {
    return stackState(this as Stack<unknown>, parts);
  }

  /**
   * Restores what `state` gave. Everything is checked before anything changes.
   * @throws TapgradError STATE_MISMATCH
   */
  loadState(state: StackState): void {
    loadStackState(this as Stack<unknown>, state);
    this.claimParameters();
  }

  /**
   * Takes one plugin away, or all and the stack with them. The model is left as it is, nothing else of them remains; if a
   * plugin's `dispose` fails, the others go all the same, and then the first error is thrown.
   */
  detach(plugin?: string): void {
    if (plugin !== undefined) {
      const handle = this.handle(plugin);
      this.handles.splice(this.handles.indexOf(handle), 1);
      handle.dispose();
      return;
    }
    if (this.detached) return;
    this.detached = true;
    const errors: unknown[] = [];
    for (const handle of this.handles.splice(0).reverse()) {
      try {
        handle.dispose();
      } catch (thrown) {
        errors.push(thrown);
      }
    }
    for (const [parameter, trainable] of this.trainableBefore) parameter.trainable = trainable;
    namePaths(this.model, '', undefined, undefined);
    this.ledger.shut();
    if (errors.length > 0) throw errors[0];
  }

  /** @internal */
  claimParameters(): void {
    const buffers = [this.model, ...this.handles].flatMap((each) => [...each.namedBuffers()]);
    for (const [name, state] of [...this.namedParameters(), ...buffers]) {
      if (state.materialized) this.claim(name, state.variable, 'parameters');
    }
    for (const [name, tensor] of this.options.optimizer?.state() ?? []) {
      this.claim(name.slice(0, name.lastIndexOf('/')), tensor, 'optimizer');
    }
  }

  /** Says what a tensor is for that belongs to the parameter `name`, and so to its module. */
  private claim(name: string, tensor: Tensor, category: MemoryCategory): void {
    const modulePath = name.slice(0, Math.max(name.lastIndexOf('.'), name.indexOf('/'), 0));
    const owner = name.includes('/') ? name.slice(0, name.indexOf('/')) : undefined;
    this.ledger.claim(tensor, category, owner, modulePath);
  }

  private handle(plugin: string): PluginHandle {
    const found = this.handles.find((each) => each.plugin === plugin);
    if (found) return found;
    throw new TapgradError({
      code: 'PLUGIN_UNKNOWN',
      message: `no plugin named ${plugin} is attached`,
      plugin,
      fix: `attached are: ${this.plugins.join(', ') || 'none'}`,
    });
  }

  private mustBeAttached(): void {
    if (!this.detached) return;
    throw new TapgradError({
      code: 'DETACHED',
      message: 'this stack was detached',
      fix: 'attach(model, plugins, options) again',
    });
  }
}
