import * as v from 'valibot';
import { natural, rate } from '../base/options.ts';

export const queryTokensOptions = v.strictObject({
  /** Pattern of the paths of the blocks that queries read. */
  blocks: v.optional(v.string(), 'layers.*'),
  /** T, queries a block. Published: 1, 10 or 20, by data set. */
  count: v.optional(natural('count'), 10),
  /** The new linear classifier. */
  head: v.strictObject({ classes: natural('classes') }),
  /** Path of the model's own head, whose input is the model's part of the features. */
  at: v.optional(v.string(), 'head'),
  /** Of the queries, in training. */
  dropout: v.optional(rate, 0.1),
  /** What becomes of a block's T queries: side by side, their mean, or a sum with learned weights. */
  pooling: v.optional(v.picklist(['concat', 'mean', 'weighted']), 'concat'),
  /** What is kept of a block for backward: its keys and values, or what they are projected from again. */
  keep: v.optional(v.picklist(['memory', 'recompute']), 'memory'),
  /** λ of the penalty on the norms of the head's columns; published for feature selection: 1e-4. */
  groupLasso: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** Numbers of the features that the head gets, as `selectQueryFeatures` gives them. Default: all. */
  features: v.optional(v.pipe(v.array(natural('a feature', 0)), v.minLength(1))),
  /** Side of a patch in pixels, for the initial values. Default: that of the model's `patches`, else 16. */
  patchSize: v.optional(natural('patchSize')),
});

export type QueryTokensOptions = v.InferInput<typeof queryTokensOptions>;
export type CheckedQueryTokensOptions = v.InferOutput<typeof queryTokensOptions>;
