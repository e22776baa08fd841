import * as v from 'valibot';
import { natural, rate } from '../base/options.ts';

export const promptTokensOptions = v.strictObject({
  /** Pattern of the paths of the blocks that prompts go before. */
  blocks: v.optional(v.string(), 'layers.*'),
  /** Prompts before a block. */
  count: v.optional(natural('count'), 10),
  /** New prompts before each block, or one set before the first block that is kept through all. */
  mode: v.optional(v.picklist(['deep', 'shallow']), 'deep'),
  /** Of the prompts, in training. */
  dropout: v.optional(rate, 0.1),
  /** Pattern of the names of the model's parameters that train beside the prompts; '' for none. Default: those of its head. */
  train: v.optional(v.string()),
  /** The model's own head, or a new classifier in its place. */
  head: v.optional(v.union([v.literal('model'), v.strictObject({ classes: natural('classes') })]), 'model'),
  /** Path of the head. */
  at: v.optional(v.string(), 'head'),
  /** Side of a patch in pixels, for the initial values. Default: that of the model's `patches`, else 16. */
  patchSize: v.optional(natural('patchSize')),
  /** Width of blocks whose class does not tell it. */
  width: v.optional(natural('width')),
});

export type PromptTokensOptions = v.InferInput<typeof promptTokensOptions>;
export type CheckedPromptTokensOptions = v.InferOutput<typeof promptTokensOptions>;
