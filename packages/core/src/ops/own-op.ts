import { getBackend, getKernel, type Tensor } from '@tensorflow/tfjs-core';
import { type Attributes, internals, scoped, shareBuffer } from '../engine-seam.ts';
import type { Rule, RuleSpec } from '../rules/registry.ts';
import type { KernelCall } from '../tape/kernel-call.ts';
import { tapesTracking, untaped } from '../tape/recorder.ts';
import type { Tape } from '../tape/tape.ts';
import { currentWhere } from '../tape/where.ts';

type Inputs<N extends string> = { readonly [K in N]?: Tensor | undefined };

/** An op with a gradient rule of its own: one node on the tape, whatever it is computed with. */
export interface OwnOp<N extends string, A extends object> extends RuleSpec<N, A> {
  /** Name in errors and save requests, and of the kernel that a backend may register for it. */
  readonly name: string;
  /** Name of the backend's kernel, where it is not that of the op: the kernel's outputs are those of this form alone. */
  readonly kernel?: string;
  /**
   * The op in differentiable tfjs ops: y, then the values named in `aux`. Used where the backend has no kernel, and
   * recorded op by op where derivatives of derivatives are wanted.
   */
  forward(inputs: Inputs<N>, attrs: A): Tensor | Tensor[];
  /** Names of the outputs behind y, which `saves` may name. They are freed unless saved. */
  readonly aux?: readonly string[];
  /** Computes y again, bit for bit, from inputs and aux; default for `cheap` ops: run the op again. */
  recompute?(operands: Record<string, Tensor>, attrs: A): Tensor;
}

/** Of an elementwise op that may be computed together with what stands before or behind it. */
interface Ahead<N extends string, A extends object> {
  /** The output, if another kernel has computed it already. */
  before(inputs: Inputs<N>, attrs: A): Tensor | undefined;
  /** All that the rule saves, for its derivative. It is saved before the op runs: a stage of the save pipeline may compute the op in the same pass. */
  readonly saves: N;
}

/** Makes a function of an own op. */
export function ownOp<N extends string, A extends object>(
  spec: OwnOp<N, A>,
  ahead?: Ahead<N, A>,
): (inputs: Inputs<N>, attrs: A) => Tensor {
  const rule = spec as unknown as Rule;
  const auxNames = spec.aux ?? [];
  const run = (inputs: Inputs<N>, attrs: A): Tensor[] => {
    const made =
      ahead?.before(inputs, attrs) ??
      runKernelIfAny(spec.kernel ?? spec.name, inputs, attrs) ??
      spec.forward(inputs, attrs);
    return Array.isArray(made) ? made : [made];
  };
  return (inputs, attrs) => {
    const present = withoutMissing(inputs);
    const tapes = tapesTracking(present);
    const tape = tapes[0];
    if (tape && (tapes.length > 1 || tape.createGraph)) {
      return scoped(() => {
        const made = spec.forward(inputs, attrs);
        return Array.isArray(made) ? (made[0] as Tensor) : made;
      });
    }
    const compute = () => untaped(() => scoped(() => run(inputs, attrs)));
    const recompute = recomputeOf(spec, run, attrs);
    const call = { kernel: spec.name, rule, inputs: present, attrs: attrs as Attributes, recompute };
    const first = ahead && tape?.store.plans ? savingFirst(tape, call, ahead.saves, compute) : undefined;
    const all = first?.all ?? compute();
    const made = all[0] as Tensor;
    // A forward that returns its input as it is would give the input the place of the output on the tape.
    const y = Object.values(present).includes(made) ? shareBuffer(made) : made;
    try {
      const aux = all.length > 1 ? named(auxNames, all) : undefined;
      tape?.record({ ...call, outputs: [y], aux, saved: first?.saved });
    } finally {
      for (let i = 1; i < all.length; i++) all[i]?.dispose();
    }
    return y;
  };
}

/** Saves an input, then computes the op, unless a stage has done it as it packed. */
function savingFirst(tape: Tape, call: Omit<KernelCall, 'outputs'>, name: string, compute: () => Tensor[]) {
  let output: Tensor | undefined;
  const [value, node] = [call.inputs[name] as Tensor, { ...call, modulePath: currentWhere().modulePath }];
  const slot = tape.store.save(value, name, 'derivative', node, tape.valueOf(value), (y) => {
    output = y;
  });
  try {
    return { all: output ? [output] : compute(), saved: { [name]: slot } };
  } catch (thrown) {
    slot.release();
    throw thrown;
  }
}

function recomputeOf<N extends string, A extends object>(
  spec: OwnOp<N, A>,
  run: (inputs: Inputs<N>, attrs: A) => Tensor[],
  attrs: A,
): ((operands: Record<string, Tensor>) => Tensor) | undefined {
  if (spec.recompute) return (operands) => scoped(() => spec.recompute?.(operands, attrs) as Tensor);
  if (!spec.cheap) return undefined;
  return (operands) => scoped(() => run(operands as Inputs<N>, attrs)[0] as Tensor);
}

/**
 * Runs a kernel of the current backend, if it has one of that name. Undefined if it has not, or if a tape tracks an
 * input: then the caller's own differentiable ops must be recorded instead.
 */
export function runKernelIfAny(
  name: string,
  inputs: Readonly<Record<string, Tensor | undefined>>,
  attrs: object,
): Tensor | Tensor[] | undefined {
  if (!getKernel(name, getBackend())) return undefined;
  const present = withoutMissing(inputs);
  if (tapesTracking(present).length > 0) return undefined;
  return internals().runKernel(name, present, attrs as Attributes);
}

/** Applies functions one after the other; what lies between is freed at once. */
export function inSteps(x: Tensor, ...steps: readonly ((value: Tensor) => Tensor)[]): Tensor {
  let value = x;
  for (const step of steps) {
    const before = value;
    value = scoped(() => step(before));
    if (before !== x) before.dispose();
  }
  return value;
}

/** The outputs behind y, by name. */
function named(names: readonly string[], outputs: readonly Tensor[]): Record<string, Tensor> {
  const aux: Record<string, Tensor> = {};
  for (let i = 1; i < outputs.length; i++) aux[names[i - 1] ?? ''] = outputs[i] as Tensor;
  return aux;
}

function withoutMissing(inputs: Readonly<Record<string, Tensor | undefined>>): Record<string, Tensor> {
  const present: Record<string, Tensor> = {};
  for (const name in inputs) {
    const input = inputs[name];
    if (input) present[name] = input;
  }
  return present;
}
