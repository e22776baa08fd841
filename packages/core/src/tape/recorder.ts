import { type Tensor, Variable } from '@tensorflow/tfjs-core';
import {
  type CustomGradientFunction,
  currentScopeName,
  interceptKernels,
  type KernelInputs,
  type KernelInterceptor,
  type KernelOutput,
  madeSince,
  nextTensorId,
  scoped,
  shareBuffer,
} from '../engine-seam.ts';
import { ruleOf } from '../rules/registry.ts';
import { customGradientRule } from './custom-gradient.ts';
import type { KernelCall } from './kernel-call.ts';
import type { Tape } from './tape.ts';
import { currentWhere } from './where.ts';

/** The tapes that record now, outermost first. */
const active: Tape[] = [];
/** Tapes before this position see nothing: they surround an `untaped` that tapes behind it do not. */
let visible = 0;

/** tfjs ops whose own gradient keeps more than the rule of the fused kernel inside them does. */
const seenThrough = new Set(['fusedMatMul__op', 'fusedConv2d__op', 'fusedDepthwiseConv2d__op']);

const interceptor: KernelInterceptor = {
  kernel(name, inputs, attrs, run) {
    const tapes = tapesTracking(inputs);
    if (tapes.length === 0) return run();
    const rule = ruleOf(name, currentWhere().modulePath);
    const outputs = run();
    if (rule) recordOn(tapes, { kernel: name, rule, inputs, attrs, outputs: list(outputs) });
    return outputs;
  },

  customGradient(f, inputs, run) {
    const tapes = tapesTracking(inputs);
    if (tapes.length === 0) return run();
    if (seenThrough.has(currentScopeName())) return f(...inputs, () => {}).value;
    return recordCustomGradient(tapes, f, inputs);
  },
};

function recordCustomGradient(tapes: readonly Tape[], f: CustomGradientFunction, inputs: Tensor[]): Tensor {
  const named: KernelInputs = Object.fromEntries(inputs.map((input, index) => [String(index), input]));
  const first = nextTensorId();
  let saved: Tensor[] = [];
  const made = untaped(() =>
    scoped(() => {
      const { value, gradFunc } = f(...inputs, (tensors) => {
        saved = tensors;
      });
      return { value: inputs.includes(value) ? shareBuffer(value) : value, gradFunc, saved };
    }),
  );
  const { value, gradFunc } = made;
  const { rule, aux } = customGradientRule(gradFunc, saved, inputs, value);
  try {
    recordOn(tapes, { kernel: 'customGrad', rule, inputs: named, attrs: {}, outputs: [value], aux });
  } finally {
    for (const each of saved) if (each !== value && madeSince(first, each)) each.dispose();
  }
  return value;
}

/** Each tape notes where the saved values stand on the others: so the outputs must have their places on all of them first. */
function recordOn(tapes: readonly Tape[], call: KernelCall): void {
  const nodes = tapes.map((tape) => tape.enter(call));
  for (const [index, node] of nodes.entries()) if (node) tapes[index]?.keep(node, call);
}

function list(outputs: KernelOutput): Tensor[] {
  return Array.isArray(outputs) ? outputs : [outputs];
}

const none: readonly Tape[] = [];

/** The tapes that record now and track at least one of these values. Asked at every op: makes nothing if none does. */
export function tapesTracking(
  values: Readonly<Record<string, Tensor | undefined>> | readonly Tensor[],
): readonly Tape[] {
  let found: Tape[] | undefined;
  for (let position = visible; position < active.length; position++) {
    const tape = active[position] as Tape;
    if (!tape.paused && tracksAny(tape, values as Record<string, Tensor | undefined>)) (found ??= []).push(tape);
  }
  return found ?? none;
}

function tracksAny(tape: Tape, values: Readonly<Record<string, Tensor | undefined>>): boolean {
  for (const name in values) {
    const value = values[name];
    if (value && tape.tracks(value)) return true;
  }
  return false;
}

/** Runs `f` while `tape` records. */
export function recording<T>(tape: Tape, f: () => T): T {
  if (recordingTapes().includes(tape)) return f();
  active.push(tape);
  if (active.length === 1) interceptKernels(interceptor);
  try {
    return f();
  } finally {
    active.splice(active.lastIndexOf(tape), 1);
    if (active.length === 0) interceptKernels(undefined);
  }
}

/** All tapes between the beginning and the end of their recording, outermost first. */
export function activeTapes(): readonly Tape[] {
  return active;
}

/** The tapes on which the next op would be recorded, if they track an operand of it. */
export function recordingTapes(): Tape[] {
  return active.filter((tape, position) => position >= visible && !tape.paused);
}

/**
 * Runs `f` without recording anything: what it computes needs no gradient and saves nothing. Tapes that begin inside
 * record as ever.
 * Values that already existed, and are returned as they are, keep their place on the tape.
 */
export function untaped<T>(f: () => T): T {
  const before = visible;
  visible = active.length;
  try {
    return f();
  } finally {
    visible = before;
  }
}

/** Gives `copy` the place that `original` has on every tape. */
export function alias(original: Tensor, copy: Tensor): void {
  for (const tape of active) tape.alias(original, copy);
}

export function isVariable(tensor: Tensor): boolean {
  return tensor instanceof Variable;
}
