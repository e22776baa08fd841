import { definePlugin } from '@tapgrad/core';
import {
  type CheckedSparseActivationsOptions,
  type SparseActivationsOptions,
  sparseActivationsOptions,
} from './options.ts';
import { sparseStage } from './stage.ts';

/**
 * Back Razor (Jiang, Chen, Huang, Wang 2022, NeurIPS): forward is dense; what linear layers and convolutions keep of their
 * input for the gradient of their weight is the largest magnitudes of each sample, as a bit mask and values.
 */
export const sparseActivations = definePlugin<SparseActivationsOptions, CheckedSparseActivationsOptions>({
  name: 'sparse-activations',
  version: '0.0.0',
  transforms: ['slot:saved'],
  lossy: {
    bound: 'gradients of weights miss what the smallest 1 − keep of each sample’s inputs add; others are exact',
  },
  options: sparseActivationsOptions,
  apply({ hooks, options: { keep, where, kernels, smallest } }) {
    hooks.save.for({ role: 'input', kernel: kernels, at: where }, (slot, { shape, dtype }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const free = slot.stages.length === 0 && dtype === 'float32' && size >= smallest;
      return free ? slot.through(sparseStage(keep, shape)) : slot;
    });
  },
});
