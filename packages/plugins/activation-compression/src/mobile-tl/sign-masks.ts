import { definePlugin } from '@tapgrad/core';
import { derivativeStage } from '../derivative-codes/stage.ts';
import { maskTable } from './math.ts';
import { type CheckedSignMasksOptions, type SignMasksOptions, signMasksOptions } from './options.ts';

/**
 * One bit an element in place of what ReLU, ReLU6 and hard swish keep for their gradient: 1[x > 0], or with `form: 'exact'`
 * the slope where it takes two values, hard swish then as it is (MobileTL, Chiang et al. 2023, arXiv:2212.03246). Forward is
 * unchanged, bit for bit. Hard sigmoid, which is computed with a ReLU6, is masked at -3.
 */
export const signMasks = definePlugin<SignMasksOptions, CheckedSignMasksOptions>({
  name: 'sign-masks',
  version: '0.0.0',
  before: ['groupwise-codes?'],
  writes: ['slot:elementwise'],
  lossy: { bound: 'slope 1 for 0 of ReLU6 above 6; 1[x > 0] for hard swish between -3 and 3, at most 0.5 off' },
  options: signMasksOptions,
  apply({ hooks, options: { form, where } }) {
    hooks.save.for({ role: 'derivative', at: where }, (slot, request) => {
      const table = request.owner === undefined ? maskTable(request.kernel, form) : undefined;
      return table && slot.stages.length === 0 ? slot.through(derivativeStage(table, request)) : slot;
    });
  },
});
