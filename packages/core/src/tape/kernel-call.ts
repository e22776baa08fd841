import type { Tensor } from '@tensorflow/tfjs-core';
import { type Attributes, internals, type KernelInputs, scoped } from '../engine-seam.ts';
import type { Rule, SaveRole } from '../rules/registry.ts';
import { type OperandSource, outputIndex } from './node.ts';
import type { Slot } from './slot.ts';

/** What a tape is told about one call of a kernel. */
export interface KernelCall {
  readonly kernel: string;
  readonly rule: Rule;
  readonly inputs: KernelInputs;
  readonly attrs: Attributes;
  readonly outputs: readonly Tensor[];
  /** Values beside inputs and outputs that the rule may save, by name. */
  readonly aux?: Readonly<Record<string, Tensor>> | undefined;
  /** What was saved before the op ran. */
  readonly saved?: Readonly<Record<string, Slot>> | undefined;
  /** How to recompute output 0 from inputs and aux; default, for cheap rules: run the kernel again. */
  readonly recompute?: ((operands: Record<string, Tensor>) => Tensor) | undefined;
}

/** A function that runs the kernel again; undefined if it is not cheap to do so. */
export function recomputationOf({ kernel, rule, attrs, recompute }: KernelCall): KernelCall['recompute'] {
  if (recompute || !rule.cheap) return recompute;
  return (operands) =>
    scoped(() => {
      const made = internals().runKernel(kernel, operands, attrs);
      return Array.isArray(made) ? (made[0] as Tensor) : made;
    });
}

/**
 * Where the operands' buffers are. A tensor tells its buffer after it was disposed, too; a variable may be given another
 * one, so what it has now is written down.
 * @param variables whether a variable is among the inputs
 */
export function sourcesOf({ inputs, aux }: KernelCall, variables: boolean): Readonly<Record<string, OperandSource>> {
  if (!variables) return aux ? { ...inputs, ...aux } : inputs;
  const sources: Record<string, OperandSource> = { ...aux };
  for (const name in inputs) {
    const input = inputs[name];
    if (input) sources[name] = { dataId: input.dataId, shape: input.shape, dtype: input.dtype };
  }
  return sources;
}

/** The value that a rule's `saves` calls `name`. An input that is called `y` keeps its name. */
export function valueNamed(name: string, { inputs, outputs, aux }: KernelCall): Tensor | undefined {
  const output = inputs[name] ? undefined : outputIndex(name);
  return output === undefined ? (inputs[name] ?? aux?.[name]) : outputs[output];
}

export function roleOf(name: string, { rule, inputs }: KernelCall): SaveRole {
  if (rule.role) return rule.role;
  if (inputs[name]) return 'input';
  return outputIndex(name) === undefined ? 'aux' : 'output';
}
