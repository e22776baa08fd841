import * as v from 'valibot';
import { natural, rate } from '../base/options.ts';

const pattern = v.string();

export const prefixTokensOptions = v.strictObject({
  /** Pattern of the paths of attention modules. Of several patterns each has a prefix of its own kind. */
  attention: v.optional(v.union([pattern, v.pipe(v.array(pattern), v.minLength(1))]), 'layers.*.attention'),
  /** m, learned keys and values of each attention; with 0 nothing is added. */
  count: v.optional(natural('count', 0), 30),
  /** Out of a small network that is thrown away after training (`foldPrefix`), or tables that train directly. */
  parametrization: v.optional(v.picklist(['mlp', 'direct']), 'mlp'),
  /** Width of the network's hidden layer. */
  hidden: v.optional(natural('hidden'), 800),
  /** Of keys and values, in training. */
  dropout: v.optional(rate, 0),
  /** Pattern of the names of the model's parameters that train beside the prefix; '' for none. Default: those of its head. */
  train: v.optional(v.string()),
  /** The model's own head, or a new classifier in its place. */
  head: v.optional(v.union([v.literal('model'), v.strictObject({ classes: natural('classes') })]), 'model'),
  /** Path of the head. */
  at: v.optional(v.string(), 'head'),
});

export type PrefixTokensOptions = v.InferInput<typeof prefixTokensOptions>;
export type CheckedPrefixTokensOptions = v.InferOutput<typeof prefixTokensOptions>;
