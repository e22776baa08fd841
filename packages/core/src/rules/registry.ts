import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import type { Attributes } from '../engine-seam.ts';
import { TapgradError } from '../errors.ts';

/** Name of a saved value: an input of the kernel, or output 0 (`y`), 1 (`y1`), … */
export type SavedName<N extends string> = N | 'y' | `y${number}`;
export type Need<N extends string> = Readonly<Record<N, boolean>>;

/** What `saves` may look at: nothing of this keeps a buffer alive. */
export interface SaveContext<N extends string, A> {
  readonly attrs: A;
  readonly shapes: Readonly<Record<SavedName<N>, number[]>>;
  readonly dtypes: Readonly<Record<SavedName<N>, DataType>>;
  /** Number of tensor inputs (for variadic kernels). */
  readonly count: number;
}

/** What the backward function of a rule is given. */
export interface RuleContext<N extends string, A = Attributes> extends SaveContext<N, A> {
  /** Gradient of output 0; zeros if only another output has one. */
  readonly dy: Tensor;
  /** Gradients of all outputs; `undefined` where none arrived. */
  readonly dys: readonly (Tensor | undefined)[];
  /** Which operands are tracked. */
  readonly need: Need<N>;
  /** Values that `saves` named, restored when read. */
  readonly saved: Readonly<Record<SavedName<N>, Tensor>>;
  /** `dy · f'(x)`, if a plugin kept a code of the derivative in place of the value; undefined if the value is kept. */
  timesCoded(name: SavedName<N>): Tensor | undefined;
  /**
   * Says that no thunk will read this saved value again: it can go before the gradient is made, and need not be there
   * at the same time. Its tensor is disposed.
   */
  release(name: SavedName<N>): void;
}

export type OperandGradients<N extends string> = { readonly [K in N]?: (() => Tensor) | undefined };
export type SaveRole = 'input' | 'output' | 'derivative' | 'aux';

/** How to differentiate one kernel. */
export interface RuleSpec<N extends string, A = Attributes> {
  /** The kernel's tensor inputs, by tfjs's names; `variadic` for kernels over a list ('0', '1', …). */
  readonly inputs: readonly N[] | 'variadic';
  /** Operands that a gradient can reach; default: all of a floating dtype. */
  readonly differentiable?: readonly N[];
  /** Which values backward needs, given which operands need a gradient. Default: none. */
  saves?(need: Need<N>, context: SaveContext<N, A>): readonly (SavedName<N> | false | undefined | null)[];
  /** Role under which a value is saved; `derivative` lets plugins keep a code of f'(x) in its place. */
  readonly role?: SaveRole;
  /** One thunk for each operand that can have a gradient; only those needed are called. */
  backward(context: RuleContext<N, A>): OperandGradients<N>;
  /** Output 0 can be recomputed bit for bit from the inputs at the price of one cheap kernel. */
  readonly cheap?: boolean;
}

/** A rule with its type parameters forgotten, as the registry keeps it. */
export type Rule = RuleSpec<string, Attributes>;

const rules = new Map<string, Rule | 'not-differentiable'>();

/** Registers the gradient rule of a kernel. Registering a name twice replaces the rule. */
export function rule<N extends string, A extends object = Attributes>(kernel: string, spec: RuleSpec<N, A>): void {
  rules.set(kernel, spec as unknown as Rule);
}

/** Says that the outputs of these kernels carry no gradient (comparisons, ArgMax, Floor, …). */
export function notDifferentiable(...kernels: string[]): void {
  for (const kernel of kernels) rules.set(kernel, 'not-differentiable');
}

/** The rule of a kernel; `undefined` if its outputs carry no gradient. Throws RULE_MISSING for an unknown kernel. */
export function ruleOf(kernel: string, modulePath?: string): Rule | undefined {
  const found = rules.get(kernel);
  if (found === undefined) {
    throw new TapgradError({
      code: 'RULE_MISSING',
      message: `kernel ${kernel} has no gradient rule, and a value that needs a gradient reaches it`,
      op: kernel,
      modulePath,
      fix: `register one with rule('${kernel}', …), or cut the gradient with detach() before it`,
    });
  }
  return found === 'not-differentiable' ? undefined : found;
}

/** Names of all kernels that have a gradient rule. */
export function kernelsWithRule(): string[] {
  return [...rules].filter(([, found]) => found !== 'not-differentiable').map(([kernel]) => kernel);
}

/** Names of all kernels whose outputs are declared to carry no gradient. */
export function kernelsWithoutGradient(): string[] {
  return [...rules].filter(([, found]) => found === 'not-differentiable').map(([kernel]) => kernel);
}
