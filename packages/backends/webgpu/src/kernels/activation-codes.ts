import type { FusibleActivation } from '@tapgrad/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { type DerivativeCodes, packed, passedBorders } from './codes.ts';
import { codeOf } from './fusible.ts';

/**
 * `y = f(x)`, f being GELU, SiLU or hard swish, and the codes of its derivative, `code(x)` = the number of borders that x has passed, mod 2^bits, in
 * one pass: backward needs the codes alone, so x is read once.
 * @returns y, words
 */
export function registerActivationCodes(): void {
  kernel<{ x: TensorInfo }, FusibleActivation & DerivativeCodes>(
    'tapgrad.ActivationCodes',
    ({ inputs: { x }, attrs, gpu }) => {
      const { name, functions } = codeOf(attrs);
      const y = gpu.output(x.shape);
      const code = passedBorders(attrs);
      const also = 'y[k] = value(number);';
      const words = packed(
        gpu,
        x,
        { bits: attrs.bits, operands: 'f32', code, also },
        { name: 'activation-codes', variant: `${name} ${code}`, functions, also: { y } },
      );
      return [y, words];
    },
  );
}
