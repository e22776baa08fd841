import { definePlugin } from '@tapgrad/core';
import { type CheckedDerivativeCodesOptions, type DerivativeCodesOptions, derivativeCodesOptions } from './options.ts';
import { derivativeStage } from './stage.ts';
import { derivativeTable } from './tables.ts';

/**
 * Few-bit backward (Novikov et al. 2022, arXiv:2202.00441): elementwise nonlinearities keep a code of 1 to 4 bits of
 * their derivative in place of their input or output. Forward is unchanged, bit for bit.
 */
export const derivativeCodes = definePlugin<DerivativeCodesOptions, CheckedDerivativeCodesOptions>({
  name: 'derivative-codes',
  version: '0.0.0',
  writes: ['slot:elementwise'],
  lossy: {
    bound:
      'f′ of smooth functions becomes one of 2^bits levels (GELU, 4 bits: at most 0.062 off; others: card); forward exact',
  },
  options: derivativeCodesOptions,
  apply({ hooks, options: { bits, where, functions } }) {
    hooks.save.for({ role: 'derivative', at: where }, (slot, request) => {
      const { kernel, attrs, dtype } = request;
      const table = dtype === 'float32' ? derivativeTable(kernel, attrs, bits, functions) : undefined;
      return table && slot.stages.length === 0 ? slot.through(derivativeStage(table, request)) : slot;
    });
  },
});
