import { fill, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { hold, madeSince, nextTensorId, scoped, shareBuffer } from '../engine-seam.ts';
import { activeRandom, withRandom } from '../random.ts';
import { sameShape } from '../rules/broadcast.ts';
import { releaseNode, type TapeNode, type TrackedValue } from './node.ts';
import { inPhase } from './phase.ts';
import { alias, recording, untaped } from './recorder.ts';
import { contextOf, type Restored, restoreLate } from './rule-context.ts';
import { sumGradients } from './sum-gradients.ts';
import type { Tape } from './tape.ts';
import {
  backwardRunning,
  gradientShape,
  graphNotCreatable,
  graphReleased,
  notScalar,
  notTracked,
} from './tape-errors.ts';
import { at } from './where.ts';

export interface BackwardOptions {
  /** Gradient to start from, of y's shape (one for each y); default: 1 for a scalar y. */
  readonly gradient?: Tensor | readonly Tensor[];
  /** What a scalar y starts from in place of 1. */
  readonly scale?: number;
  /** Keep the graph, so that backward can run through it again. */
  readonly retain?: boolean;
  /** Record the gradients' own computation on this tape, for derivatives of them. Implies `retain`. */
  readonly createGraph?: boolean;
}

/** How many nodes ahead a saved value is asked to come back. */
const prefetchDistance = 4;

export function runBackward(tape: Tape, y: Tensor | readonly Tensor[], options: BackwardOptions): void {
  const pass = new BackwardPass(tape, options);
  try {
    pass.seed(y);
    for (let node = pass.next(); node; node = pass.next()) pass.visit(node, undefined);
    pass.finish();
  } catch (thrown) {
    pass.abandon();
    throw thrown;
  }
}

export async function runBackwardAsync(
  tape: Tape,
  y: Tensor | readonly Tensor[],
  options: BackwardOptions,
): Promise<void> {
  const pass = new BackwardPass(tape, options);
  try {
    pass.seed(y);
    for (let node = pass.next(); node; node = pass.next()) {
      pass.prefetchBefore(node);
      pass.visit(node, await restoreLate(node));
    }
    pass.finish();
  } catch (thrown) {
    pass.abandon();
    throw thrown;
  }
}

/** One walk back over a tape. */
class BackwardPass {
  /** Values that hold a gradient not yet used. */
  private readonly pending = new Set<TrackedValue>();
  private position: number;
  private began = false;
  private readonly firstId = nextTensorId();
  /** Taps may draw, also behind a wait. */
  private readonly random = activeRandom();
  private readonly retain: boolean;
  private readonly createGraph: boolean;

  constructor(
    private readonly tape: Tape,
    private readonly options: BackwardOptions,
  ) {
    this.position = tape.nodes.length;
    this.createGraph = options.createGraph ?? false;
    this.retain = options.retain ?? this.createGraph;
    if (this.createGraph && !tape.createGraph) throw graphNotCreatable();
  }

  seed(y: Tensor | readonly Tensor[]): void {
    this.tape.mustLive();
    // Gradients under way are kept at the values: two passes at a time would take each other's.
    if (this.tape.running) throw backwardRunning();
    this.tape.running = true;
    this.began = true;
    const ys = Array.isArray(y) ? (y as readonly Tensor[]) : [y as Tensor];
    const given = this.options.gradient;
    const gradients =
      given === undefined ? [] : Array.isArray(given) ? (given as readonly Tensor[]) : [given as Tensor];
    for (const [index, each] of ys.entries()) {
      const value = this.tape.valueOf(each);
      if (!value) throw notTracked();
      const gradient = gradients[index];
      if (!gradient && each.size !== 1) throw notScalar(each);
      scoped(() => this.accumulate(value, gradient ?? this.start(each), gradient !== undefined, 'seed'));
    }
  }

  private start(y: Tensor): Tensor {
    return untaped(() => fill([...y.shape], this.options.scale ?? 1));
  }

  /** The node nearest to the end of the tape that has a gradient. */
  next(): TapeNode | undefined {
    while (--this.position >= 0) {
      const node = this.tape.nodes[this.position];
      if (node?.outputs.some((output) => output.gradient)) return node;
    }
    return undefined;
  }

  prefetchBefore(node: TapeNode): void {
    for (let index = node.index; index > node.index - prefetchDistance && index >= 0; index--) {
      for (const slot of Object.values(this.tape.nodes[index]?.slots ?? {})) slot.prefetch();
    }
  }

  visit(node: TapeNode, restored: Restored | undefined): void {
    try {
      this.tape.mustLive();
      at({ modulePath: node.modulePath, owner: undefined }, () =>
        inPhase('backward', () => this.recordingOrNot(() => scoped(() => this.differentiate(node, restored)))),
      );
    } finally {
      for (const value of restored?.values() ?? []) value.dispose();
    }
    for (const output of node.outputs) this.drop(output);
    if (this.retain) return;
    releaseNode(node);
    this.tape.nodes[node.index] = undefined;
  }

  private differentiate(node: TapeNode, restored: Restored | undefined): void {
    const dys = node.outputs.map((output) => this.tapped(output));
    const dy = dys[0] ?? zeros([...(node.outputs[0]?.shape ?? [])]);
    const context = contextOf(node, { dy, dys, tape: this.tape, restored, retain: this.retain });
    const thunks = node.rule.backward(context);
    const give = (name: string, value: TrackedValue) => {
      const thunk = thunks[name];
      if (!thunk) return;
      const gradient = context.inThunk(thunk);
      this.accumulate(value, gradient, this.belongsToOthers(gradient) || dys.includes(gradient), node.kernel);
    };
    // Parameters first: their gradients let go of the saved input before the activation's gradient is made.
    for (const leaves of [true, false]) {
      for (const name in node.inputs) {
        const value = node.inputs[name];
        if (value && (value.node === undefined) === leaves) scoped(() => give(name, value));
      }
    }
  }

  /** The complete gradient of a value, after its taps. */
  private tapped(value: TrackedValue): Tensor | undefined {
    for (const tap of value.gradient ? (value.taps ?? []) : []) {
      const before = value.gradient as Tensor;
      const replaced = scoped(() => {
        const made = tap(before);
        if (!made || made === before) return undefined;
        this.checkShape(made, value, 'gradient tap');
        return hold(this.belongsToOthers(made) ? this.share(made) : made);
      });
      if (replaced) {
        before.dispose();
        value.gradient = replaced;
      }
    }
    return value.gradient;
  }

  private accumulate(value: TrackedValue, gradient: Tensor, shared: boolean, op: string): void {
    if (value.node?.released) throw graphReleased(value.node);
    this.checkShape(gradient, value, op);
    const before = value.gradient;
    if (before) value.gradient = sumGradients(before, gradient);
    else value.gradient = hold(shared ? this.share(gradient) : gradient);
    this.pending.add(value);
    if (value.leaf !== undefined) this.tape.claimGradient(value.gradient);
  }

  /** A tensor that a rule or tap did not make for this purpose: it must not be disposed with the gradient. */
  private belongsToOthers(gradient: Tensor): boolean {
    return gradient.kept || !madeSince(this.firstId, gradient);
  }

  private share(gradient: Tensor): Tensor {
    const copy = shareBuffer(gradient);
    alias(gradient, copy);
    return copy;
  }

  private checkShape(gradient: Tensor, value: TrackedValue, op: string): void {
    if (!sameShape(gradient.shape, value.shape)) throw gradientShape(gradient, value, op);
  }

  private drop(value: TrackedValue): void {
    value.gradient?.dispose();
    value.gradient = undefined;
    this.pending.delete(value);
  }

  /** Moves what reached the leaves into the tape's gradients. */
  finish(): void {
    this.tape.mustLive();
    this.recordingOrNot(() => {
      for (const value of [...this.pending]) {
        const gradient = value.leaf === undefined ? undefined : this.tapped(value);
        if (value.leaf === undefined || !gradient) continue;
        const before = this.tape.gradients.get(value.leaf);
        this.tape.gradients.set(value.leaf, before ? sumGradients(before, gradient) : gradient);
        if (before) gradient.dispose();
        value.gradient = undefined;
        this.pending.delete(value);
      }
    });
    this.abandon();
  }

  abandon(): void {
    for (const value of [...this.pending]) this.drop(value);
    if (this.began) this.tape.running = false;
  }

  /** The pass's own ops go on this tape only to create a graph; tapes around it record them as any other ops. */
  private recordingOrNot<T>(f: () => T): T {
    const drawing = () => withRandom(this.random, f);
    if (this.createGraph) return recording(this.tape, drawing);
    const before = this.tape.paused;
    this.tape.paused = true;
    try {
      return drawing();
    } finally {
      this.tape.paused = before;
    }
  }
}
