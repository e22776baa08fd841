import * as v from 'valibot';

export const mobileTlOptions = v.strictObject({
  /** Pattern of the paths of the inverted residual blocks, in the order in which they run. */
  blocks: v.optional(v.string(), 'blocks.*'),
  /** n: how many blocks train, counted from the top. */
  train: v.optional(
    v.pipe(v.number(), v.integer('train must be a whole number'), v.minValue(1, 'train must be at least 1')),
    5,
  ),
  /** Pattern of the paths of the modules that train whole beside the blocks. */
  head: v.optional(v.string(), '{classifier,head,fc}'),
  /** Path, inside a block, of its last norm. Default: the last of the block, which must follow its last convolution. */
  lastNorm: v.optional(v.string()),
});

/** What is kept of an activation function: 1[x > 0], or one bit only where that is the exact slope. */
const maskForm = v.picklist(['sign', 'exact']);

export const signMasksOptions = v.strictObject({
  form: v.optional(maskForm, 'sign'),
  /** Glob over the paths of the modules whose activation functions are masked. */
  where: v.optional(v.string(), '**'),
});

export const mobileTlPresetOptions = v.strictObject({
  ...mobileTlOptions.entries,
  /** `off` leaves the activation functions to the core, or to another plugin for them. */
  mask: v.optional(v.picklist([...maskForm.options, 'off']), 'sign'),
});

export type MobileTlOptions = v.InferInput<typeof mobileTlPresetOptions>;
export type TopBlocksOptions = v.InferInput<typeof mobileTlOptions>;
export type CheckedTopBlocksOptions = v.InferOutput<typeof mobileTlOptions>;
export type SignMasksOptions = v.InferInput<typeof signMasksOptions>;
export type CheckedSignMasksOptions = v.InferOutput<typeof signMasksOptions>;
