import type { Optimizer } from '@tapgrad/core';
import * as v from 'valibot';

const count = (least: number) => v.pipe(v.number(), v.integer(), v.minValue(least));
const share = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));
const coefficient = v.pipe(v.number(), v.finite(), v.minValue(0));
const globs = v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))]);

/** What a group of parameters is. `last-linear` is the last linear layer of the model; if that does not train, of a plugin. */
export const groupTypes = ['norm', 'convolution', 'linear', 'last-linear', 'embedding', 'other'] as const;

const select = v.union([
  /** Globs over the names of parameters. */
  v.strictObject({ byName: globs }),
  v.strictObject({ byType: v.pipe(v.array(v.picklist(groupTypes)), v.minLength(1)) }),
  /** Groups whose latest change is above `threshold`, or the share of groups that changed most (at least one). */
  v.strictObject({
    byScore: v.union([v.strictObject({ threshold: coefficient }), v.strictObject({ topFraction: share })]),
  }),
]);

const interval = v.union([v.picklist(['tasks', 'epochs']), v.strictObject({ updates: count(1) })]);

const shared = {
  /** Which parameters are refreshed, of those that train at that moment. */
  select: v.optional(select, { byType: ['norm', 'last-linear'] }),
  /** Between which moments changes are measured. Default: `tasks` where `byScore` selects, else nothing is measured. */
  measure: v.optional(interval),
  /** Globs over names of convolution weights: those that match one of them are measured as one group. */
  stages: v.optional(v.array(v.string()), []),
  /** Of a phase: passes over the whole memory, or updates, each from a batch drawn anew. */
  length: v.optional(v.union([v.strictObject({ epochs: count(1) }), v.strictObject({ steps: count(1) })]), {
    epochs: 5,
  }),
  /** Samples of the memory in a batch. */
  batchSize: v.optional(count(1), 32),
  /** Of the plain SGD of a phase. */
  learningRate: v.optional(coefficient, 0.01),
  /** Share of its velocity that is kept, which starts at zero in each phase. */
  momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
  /** Makes the optimizer of a phase, in place of plain SGD; it is disposed with the phase. */
  optimizer: v.optional(
    v.custom<() => Optimizer>((f) => typeof f === 'function', 'a function that makes an optimizer'),
  ),
  /** Whether running statistics (of batch norm) follow the memory's batches; those are normalised with their own. */
  updateStatistics: v.optional(v.boolean(), true),
  /** Weight of the mean squared difference from the logits that the memory keeps; 0: the labels alone. */
  alpha: v.optional(coefficient, 0),
};

/** A checkpoint lists options: a function does not belong there. */
const withoutFunctions = <O extends object>(options: O): O =>
  'optimizer' in options ? Object.defineProperty(options, 'optimizer', { enumerable: false }) : options;

export const fpfOptions = v.pipe(
  v.strictObject({
    ...shared,
    /** At the end of the last task, or of each. */
    at: v.optional(v.picklist(['last', 'each']), 'last'),
  }),
  v.transform(withoutFunctions),
);

export const kFpfOptions = v.pipe(
  v.strictObject({
    ...shared,
    /** Phases in a run whose number of updates is known when it begins. */
    k: v.optional(count(1), 9),
    /** A phase behind every so many updates, in place of `k`. */
    every: v.optional(count(1)),
  }),
  v.transform(withoutFunctions),
);

export type FpfOptions = v.InferInput<typeof fpfOptions>;
export type CheckedFpfOptions = v.InferOutput<typeof fpfOptions>;
export type KFpfOptions = v.InferInput<typeof kFpfOptions>;
export type CheckedKFpfOptions = v.InferOutput<typeof kFpfOptions>;
/** What both have. */
export type RefreshOptions = Omit<CheckedFpfOptions, 'at'>;
export type Selection = RefreshOptions['select'];
export type GroupType = (typeof groupTypes)[number];
export type Interval = v.InferOutput<typeof interval>;
