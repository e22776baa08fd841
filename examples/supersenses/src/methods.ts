import { biasTuning, derivativeCodes, groupwiseCodes, s2a } from '@tapgrad/activation-compression';
import type { Module, Plugin } from '@tapgrad/core';
import { ladder, sherl, unipt } from '@tapgrad/ladder';
import { prefixTokens, promptTokens, queryTokens } from '@tapgrad/query-tokens';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { MethodName } from './options.ts';

/** One way to fine-tune: what trains, which plugins help, and the learning rate that suits it. */
export interface Method {
  readonly learningRate: number;
  /** Says what of the model, which has a new head of `classes` classes, trains and returns the plugins to attach. */
  prepare(model: Module<[Tensor]>, classes: number): readonly (Plugin | readonly Plugin[])[];
}

export const methods: Readonly<Record<MethodName, Method>> = {
  // Nothing that trains reaches the trunk, so the tape never sees it: its features are computed and dropped.
  head: {
    learningRate: 1e-2,
    prepare(model) {
      model.freeze('**').unfreeze('head.*');
      return [];
    },
  },
  full: {
    learningRate: 1e-3,
    prepare(model) {
      model.unfreeze('**');
      return [];
    },
  },
  // The side network has a classifier of its own; the model's is never run. A pruned start would rank the trunk's weights
  // by full backward passes, and the peak would be theirs; here it gains nothing.
  ladder: {
    learningRate: 1.5e-2,
    prepare: (_model, classes) => [ladder({ blocks: 'layers.*', reduction: 8, init: 'random', head: { classes } })],
  },
  sherl: {
    learningRate: 1e-2,
    prepare: (_model, classes) => [sherl({ head: { classes } })],
  },
  unipt: {
    learningRate: 3e-3,
    prepare: (_model, classes) => [unipt({ head: { classes } })],
  },
  // Its head gets unit vectors.
  'query-tokens': {
    learningRate: 3e-2,
    prepare: (_model, classes) => [queryTokens({ head: { classes } })],
  },
  prompts: {
    learningRate: 1e-2,
    prepare: () => [promptTokens()],
  },
  prefix: {
    learningRate: 1e-2,
    prepare: () => [prefixTokens({ hidden: 128 })],
  },
  bias: {
    learningRate: 1e-2,
    prepare: () => [biasTuning({ head: 'head' })],
  },
  s2a: {
    learningRate: 1e-2,
    prepare: () => s2a(),
  },
  'full+slope-codes': {
    learningRate: 1e-3,
    prepare(model) {
      model.unfreeze('**');
      return [derivativeCodes()];
    },
  },
  'full+group-codes': {
    learningRate: 1e-3,
    prepare(model) {
      model.unfreeze('**');
      return [derivativeCodes(), groupwiseCodes({ bits: 4 })];
    },
  },
};
