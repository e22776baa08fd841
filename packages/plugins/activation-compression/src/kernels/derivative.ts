import { runKernelIfAny } from '@tapgrad/core';
import {
  add,
  cast,
  gather,
  greater,
  greaterEqual,
  mul,
  reshape,
  scalar,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { DerivativeTable } from '../derivative-codes/tables.ts';
import { packBits, unpackBits } from './pack-bits.ts';

/** The code of every element, packed: how many borders it has passed. int32 `[⌈size · bits / 32⌉]`. */
export function packDerivative(value: Tensor, { borders, inclusive, bits }: DerivativeTable): Tensor1D {
  const made = runKernelIfAny('tapgrad.PackDerivative', { x: value }, { borders, inclusive, bits });
  if (made) return made as Tensor1D;
  return tidy(() => packBits(passedBorders(value, { borders, inclusive, bits }), bits));
}

/**
 * The codes, and the activation that the kernel computes, in one pass; undefined where the backend has none that does both.
 * @param kernel `tapgrad.Gelu`, `tapgrad.Silu` or `tapgrad.HardSwish`; of others the output is known when their codes are made
 */
export function packWithActivation(
  value: Tensor,
  { borders, inclusive, bits }: DerivativeTable,
  kernel: string,
  attrs: Readonly<Record<string, unknown>>,
): { packed: Tensor1D; output: Tensor } | undefined {
  const made = runKernelIfAny('tapgrad.ActivationCodes', { x: value }, { ...attrs, kernel, borders, inclusive, bits });
  if (!made) return undefined;
  const [output, packed] = made as [Tensor, Tensor1D];
  return { packed, output };
}

function passedBorders(
  value: Tensor,
  { borders, inclusive, bits }: Pick<DerivativeTable, 'borders' | 'inclusive' | 'bits'>,
): Tensor {
  const limit = 2 ** bits;
  let codes: Tensor | undefined;
  for (const [i, border] of borders.entries()) {
    const before = codes;
    codes = tidy(() => {
      const passed = cast((inclusive[i] ? greaterEqual : greater)(value, scalar(border)), 'int32');
      const step = i + 1 < limit ? passed : mul(passed, scalar(1 - limit, 'int32'));
      return before ? add(before, step) : step;
    });
    before?.dispose();
  }
  return codes as Tensor;
}

/**
 * The level of every code; times `dy`, if given, in one pass where the backend has a kernel.
 * @param shape of the value that was coded, and of `dy`
 */
export function unpackDerivative(
  codes: Tensor,
  { levels, bits }: DerivativeTable,
  shape: readonly number[],
  dy?: Tensor,
): Tensor {
  const made = runKernelIfAny('tapgrad.UnpackDerivative', { codes, dy }, { levels, bits, shape: [...shape] });
  if (made) return made as Tensor;
  return tidy(() => {
    const size = shape.reduce((product, length) => product * length, 1);
    const decoded = reshape(gather(tensor1d([...levels]), unpackBits(codes, bits, size)), [...shape]);
    return dy ? mul(dy, decoded) : decoded;
  });
}
