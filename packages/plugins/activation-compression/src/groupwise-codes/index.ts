import { definePlugin } from '@tapgrad/core';
import { derivativeStage } from '../derivative-codes/stage.ts';
import { derivativeTable } from '../derivative-codes/tables.ts';
import { canBeCoded, groupFor } from './coded-values.ts';
import { type CheckedGroupwiseCodesOptions, type GroupwiseCodesOptions, groupwiseCodesOptions } from './options.ts';
import { groupStage } from './stage.ts';

/**
 * Activations in 2, 4 or 8 bits (ActNN, Chen et al. 2021, arXiv:2104.14129; GACT, Liu et al. 2022, arXiv:2206.11357): what linear
 * layers, convolutions, norms, attention and smooth functions keep for backward becomes codes between the least and
 * largest value of each 256 elements. Piecewise linear functions keep one bit, exactly. Forward is unchanged, bit for bit.
 */
export const groupwiseCodes = definePlugin<GroupwiseCodesOptions, CheckedGroupwiseCodesOptions>({
  name: 'groupwise-codes',
  version: '0.0.0',
  after: ['derivative-codes?', 'sparse-activations?'],
  transforms: ['slot:saved'],
  lossy: {
    bound: 'saved values within one step: the range of a group of elements / (2^bits − 1); unbiased if stochastic',
  },
  options: groupwiseCodesOptions,
  apply({ hooks, name, options }) {
    const { where, roles, kernels, except = [], ...format } = options;
    hooks.save.for({ at: where, ...(roles && { role: roles }) }, (slot, request) => {
      const { kernel, operand, attrs, shape, dtype, modulePath } = request;
      if ((kernels && !kernels.includes(kernel)) || except.includes(kernel)) return slot;
      if (slot.stages.some((stage) => stage.restores === 'derivative')) return slot;
      const size = shape.reduce((product, length) => product * length, 1);
      if (slot.stages.length === 0) {
        if (size < options.smallest) return slot;
        const exact = request.role === 'derivative' && dtype === 'float32' && derivativeTable(kernel, attrs, 1);
        if (exact && exact.bound === 0) return slot.through(derivativeStage(exact, request));
        if (!canBeCoded(request, kernels)) return slot;
      } else if (slot.stages.every((stage) => stage.lossy === undefined)) return slot;
      const group = groupFor(request, options.group);
      return slot.through(groupStage({ ...format, group, stream: `${name}:${modulePath}:${operand}` }));
    });
  },
});
