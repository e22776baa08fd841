import { getBackend, getKernel, type Tensor } from '@tensorflow/tfjs-core';
import { type Attributes, internals, scoped, shareBuffer } from '../engine-seam.ts';
import type { Rule, RuleSpec } from '../rules/registry.ts';
import { tapesTracking, untaped } from '../tape/recorder.ts';

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

/**
 * Makes a function of an own op.
 * @param before gives the output if another kernel has computed it already
 */
export function ownOp<N extends string, A extends object>(
  spec: OwnOp<N, A>,
  before?: (inputs: Inputs<N>, attrs: A) => Tensor | undefined,
): (inputs: Inputs<N>, attrs: A) => Tensor {
  const rule = spec as unknown as Rule;
  const auxNames = spec.aux ?? [];
  const run = (inputs: Inputs<N>, attrs: A): Tensor[] => {
    const made =
      before?.(inputs, attrs) ?? runKernelIfAny(spec.kernel ?? spec.name, inputs, attrs) ?? spec.forward(inputs, attrs);
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
    const all = untaped(() => scoped(() => run(inputs, attrs)));
    const made = all[0] as Tensor;
    // A forward that returns its input as it is would give the input the place of the output on the tape.
    const y = Object.values(present).includes(made) ? shareBuffer(made) : made;
    try {
      tape?.record({
        kernel: spec.name,
        rule,
        inputs: present,
        attrs: attrs as Attributes,
        outputs: [y],
        aux: all.length > 1 ? named(auxNames, all) : undefined,
        recompute: recomputeOf(spec, run, attrs),
      });
    } finally {
      for (let i = 1; i < all.length; i++) all[i]?.dispose();
    }
    return y;
  };
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
