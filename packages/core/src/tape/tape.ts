import type { DataId, DataType, Tensor } from '@tensorflow/tfjs-core';
import { type BackwardOptions, runBackward, runBackwardAsync } from './backward.ts';
import { markParameter } from './buffer-marks.ts';
import { type KernelCall, recomputationOf, roleOf, sourcesOf, valueNamed } from './kernel-call.ts';
import { type GradientTap, outputName, releaseNode, type TapeNode, TrackedValue } from './node.ts';
import { activeTapes, isVariable } from './recorder.ts';
import { SavedStore, type SavePolicy } from './saved-store.ts';
import { notFloating, tapeDisposed, watchedTwice } from './tape-errors.ts';
import { currentWhere } from './where.ts';

export interface TapeOptions extends Partial<SavePolicy> {
  /** Values whose gradients are wanted, by the name under which `gradients` will hold them. */
  readonly parameters?: Readonly<Record<string, Tensor>>;
  /** Told the buffer of each gradient that reaches a parameter. */
  readonly onGradient?: (dataId: DataId) => void;
  /** Set if `backward(…, { createGraph: true })` will be called: own ops are then recorded in differentiable parts. */
  readonly createGraph?: boolean;
  /** Follow what is tracked, but save nothing: backward is impossible. */
  readonly keepNothing?: boolean;
  /** Asked about a value met for the first time: true starts tracking it. */
  readonly capture?: (value: Tensor) => boolean;
}

const floating = new Set<DataType>(['float32', 'complex64']);

/**
 * The record of what was computed from tracked values, and what must be kept to differentiate it.
 * `backward` frees each node as soon as it is used; `dispose` frees what is left.
 */
export class Tape {
  /** Gradients by the name of their parameter, summed over all calls of `backward`. Owned by the tape. */
  readonly gradients = new Map<string, Tensor>();
  readonly nodes: (TapeNode | undefined)[] = [];
  readonly createGraph: boolean;
  /** While true, nothing is recorded here. */
  paused = false;
  /** True while a backward is under way. @internal */
  running = false;
  private readonly values = new Map<number, TrackedValue>();
  /** @internal */
  readonly store: SavedStore;
  private disposed = false;

  constructor(private readonly options: TapeOptions = {}) {
    this.createGraph = options.createGraph ?? false;
    this.store = new SavedStore({
      plan: options.keepNothing ? undefined : options.plan,
      derivedSlots: options.derivedSlots ?? true,
      onSaved: options.onSaved,
      onReleased: options.onReleased,
      owner: options.owner,
    });
    for (const [name, parameter] of Object.entries(options.parameters ?? {})) this.watch(parameter, name);
  }

  /** Starts tracking a value; its gradient will be in `gradients` under `name`. */
  watch(value: Tensor, name: string): void {
    if (!floating.has(value.dtype)) throw notFloating(value, name);
    const known = this.values.get(value.id)?.leaf;
    if (known !== undefined) throw watchedTwice(known, name);
    this.values.set(value.id, new TrackedValue(undefined, 0, value.shape, value.dtype, name));
  }

  tracks(value: Tensor): boolean {
    if (this.values.has(value.id)) return true;
    if (!this.options.capture || !floating.has(value.dtype) || !this.options.capture(value)) return false;
    this.watch(value, `captured ${value.id}`);
    return true;
  }

  valueOf(tensor: Tensor): TrackedValue | undefined {
    return this.values.get(tensor.id);
  }

  /** Puts `tensor` at a place on the tape. */
  place(tensor: Tensor, value: TrackedValue): void {
    this.values.set(tensor.id, value);
  }

  alias(original: Tensor, copy: Tensor): void {
    const value = this.values.get(original.id);
    if (value) this.values.set(copy.id, value);
  }

  /** Number of distinct buffers kept for backward; parameters, which live anyway, are not counted. */
  get savedBuffers(): number {
    return this.store.size;
  }

  /** Bytes of the buffers kept for backward, parameters not counted. */
  get savedBytes(): number {
    return this.store.bytes;
  }

  record(call: KernelCall): void {
    const node = this.enter(call);
    if (node) this.keep(node, call);
  }

  /** Gives the call's outputs their places on the tape; undefined if nothing tracked reaches it. `keep` must follow. */
  enter(call: KernelCall): TapeNode | undefined {
    const { kernel, rule, inputs, attrs, outputs } = call;
    const names = rule.inputs === 'variadic' ? Object.keys(inputs) : rule.inputs;
    const tracked: Record<string, TrackedValue | undefined> = {};
    const need: Record<string, boolean> = {};
    const shapes: Record<string, number[]> = {};
    const dtypes: Record<string, DataType> = {};
    let any = false;
    let variables = false;
    for (const name of names) {
      const input = inputs[name];
      if (!input) {
        need[name] = false;
        continue;
      }
      shapes[name] = input.shape;
      dtypes[name] = input.dtype;
      // A variable lives anyway, trained or not: keeping it costs nothing, and what is derived from it can be recomputed.
      if (isVariable(input)) {
        markParameter(input);
        variables = true;
      }
      const reachable = !rule.differentiable || rule.differentiable.includes(name);
      const value = reachable && this.tracks(input) ? this.values.get(input.id) : undefined;
      need[name] = value !== undefined;
      if (value) {
        tracked[name] = value;
        any = true;
      }
    }
    if (!any) return undefined;
    const recompute = recomputationOf(call);
    const node: TapeNode = {
      index: this.nodes.length,
      kernel,
      rule,
      attrs,
      modulePath: currentWhere().modulePath,
      inputs: tracked,
      need,
      outputs: [],
      slots: {},
      shapes,
      dtypes,
      count: names.length,
      sources: recompute && sourcesOf(call, variables),
      recompute,
      elsewhere: undefined,
      released: false,
    };
    node.outputs = outputs.map((output, index) => {
      const name = outputName(index);
      // An input that is called `y` (of the kernels of some gradients) keeps its name.
      shapes[name] ??= output.shape;
      dtypes[name] ??= output.dtype;
      const value = new TrackedValue(node, index, output.shape, output.dtype);
      if (floating.has(output.dtype)) this.values.set(output.id, value);
      return value;
    });
    this.nodes.push(node);
    return node;
  }

  /** Saves what the node's rule needs. If that fails, the node is gone. */
  keep(node: TapeNode, call: KernelCall): void {
    const { rule, attrs, outputs } = call;
    if (!rule.saves || this.options.keepNothing) return;
    const context = { attrs, shapes: node.shapes, dtypes: node.dtypes, count: node.count };
    try {
      for (const name of rule.saves(node.need, context)) {
        const value = name && !node.slots[name] && valueNamed(name, call);
        if (!value) continue;
        node.slots[name] =
          call.saved?.[name] ?? this.store.save(value, name, roleOf(name, call), node, this.values.get(value.id));
        for (const tape of activeTapes()) {
          const place = tape === this ? undefined : tape.valueOf(value);
          if (place) (node.elsewhere ??= []).push({ name, tape, place });
        }
      }
    } catch (thrown) {
      releaseNode(node);
      this.nodes[node.index] = undefined;
      for (const output of outputs) this.values.delete(output.id);
      throw thrown;
    }
  }

  /** Calls `tap` with the gradient of `value` once it is complete. A no-op for a value that is not tracked. */
  tapGradient(value: Tensor, tap: GradientTap): void {
    const place = this.values.get(value.id);
    if (place) (place.taps ??= []).push(tap);
  }

  /**
   * Backpropagates from `y` and adds to `gradients`. May be called while a forward is still recording (local backward).
   * Frees every node it passes unless `retain` or `createGraph` is set. If it throws, `gradients` is as it was before, and
   * what it had not passed yet is kept until `dispose`; nodes that it had passed are gone.
   * @throws TapgradError NOT_TRACKED, NOT_SCALAR, GRAPH_RELEASED, GRADIENT_SHAPE, ASYNC_RESTORE, TAPE_DISPOSED,
   * BACKWARD_RUNNING
   */
  backward(y: Tensor | readonly Tensor[], options: BackwardOptions = {}): void {
    runBackward(this, y, options);
  }

  /** As `backward`, for saved values that come back asynchronously (offloaded ones). */
  async backwardAsync(y: Tensor | readonly Tensor[], options: BackwardOptions = {}): Promise<void> {
    await runBackwardAsync(this, y, options);
  }

  /** Hands the gradients over: they are the caller's, and the tape starts with none. */
  takeGradients(): Map<string, Tensor> {
    const taken = new Map(this.gradients);
    this.gradients.clear();
    return taken;
  }

  /** Takes gradients back, as if backward had just made them. */
  giveGradients(gradients: ReadonlyMap<string, Tensor>): void {
    for (const [name, gradient] of gradients) this.gradients.set(name, gradient);
  }

  /** @internal */
  claimGradient(gradient: Tensor): void {
    this.options.onGradient?.(gradient.dataId);
  }

  /** @internal */
  mustLive(): void {
    if (this.disposed) throw tapeDisposed();
  }

  /** Frees everything kept, and the gradients. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const node of this.nodes) if (node) releaseNode(node);
    this.nodes.length = 0;
    for (const gradient of this.gradients.values()) gradient.dispose();
    this.gradients.clear();
    this.values.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
