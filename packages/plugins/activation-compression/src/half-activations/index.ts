import { definePlugin, type SlotStage } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { derivativeStage } from '../derivative-codes/stage.ts';
import { derivativeTable } from '../derivative-codes/tables.ts';
import { canBeCoded } from '../groupwise-codes/coded-values.ts';
import { type HalfFormat, packHalf, unpackHalf } from '../kernels/half.ts';
import { type CheckedHalfActivationsOptions, type HalfActivationsOptions, halfActivationsOptions } from './options.ts';

/**
 * Saved activations in 16 bits, two in a word: what linear layers, convolutions, norms, attention and smooth functions keep
 * for backward. Piecewise linear functions keep one bit, exactly. Forward and all arithmetic stay in float32.
 */
export const halfActivations = definePlugin<HalfActivationsOptions, CheckedHalfActivationsOptions>({
  name: 'half-activations',
  version: '0.0.0',
  after: ['derivative-codes?', 'sparse-activations?', 'bit-masks?', 'groupwise-codes?'],
  transforms: ['slot:saved'],
  lossy: {
    bound:
      'saved values within 2^-11 of themselves (float16: from 6.1e-5 to 65504; smaller ones within 3e-8, larger ones become 65504), or 2^-8 (bfloat16)',
  },
  options: halfActivationsOptions,
  apply({ hooks, options: { format, where, kernels, except = [], smallest } }) {
    hooks.save.for({ at: where }, (slot, request) => {
      const { kernel, attrs, shape, dtype, role } = request;
      if (slot.stages.length > 0 || except.includes(kernel) || (kernels && !kernels.includes(kernel))) return slot;
      if (shape.reduce((product, length) => product * length, 1) < smallest) return slot;
      const exact = role === 'derivative' && dtype === 'float32' && derivativeTable(kernel, attrs, 1);
      if (exact && exact.bound === 0) return slot.through(derivativeStage(exact, request));
      return canBeCoded(request, kernels) ? slot.through(halfStage(format, shape)) : slot;
    });
  },
});

/** Keeps a value of this shape in 16 bits an element. */
function halfStage(format: HalfFormat, shape: readonly number[]): SlotStage<Tensor> {
  return {
    lossy: format === 'float16' ? 'within 2^-11, up to 65504' : 'within 2^-8',
    pack: (value) => packHalf(value, format),
    unpack: (words) => unpackHalf(words, format, shape),
  };
}
