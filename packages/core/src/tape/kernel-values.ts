import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import { internals, scoped } from '../engine-seam.ts';
import type { SaveRole } from '../rules/registry.ts';
import { outputIndex, type TapeNode } from './node.ts';
import type { KernelCall } from './recorder.ts';

/** Runs a cheap kernel again, for its output 0. */
export function rerun(kernel: string, attrs: TapeNode['attrs']): (operands: Record<string, Tensor>) => Tensor {
  return (operands) =>
    scoped(() => {
      const made = internals().runKernel(kernel, operands, attrs);
      return Array.isArray(made) ? (made[0] as Tensor) : made;
    });
}

/** Where the operands' buffers are. */
export function sourcesOf(inputs: Readonly<Record<string, Tensor | undefined>>): NonNullable<TapeNode['sources']> {
  const sources: Record<string, { dataId: Tensor['dataId']; shape: readonly number[]; dtype: DataType }> = {};
  for (const [name, input] of Object.entries(inputs)) {
    if (input) sources[name] = { dataId: input.dataId, shape: input.shape, dtype: input.dtype };
  }
  return sources;
}

/** The value that a rule's `saves` names: an input, an output, or what the kernel kept besides. */
export function valueNamed(name: string, { inputs, outputs, aux }: KernelCall): Tensor | undefined {
  const output = inputs[name] ? undefined : outputIndex(name);
  return output === undefined ? (inputs[name] ?? aux?.[name]) : outputs[output];
}

export function roleOf(name: string, { rule, inputs }: KernelCall): SaveRole {
  if (rule.role) return rule.role;
  if (inputs[name]) return 'input';
  return outputIndex(name) === undefined ? 'aux' : 'output';
}
