import * as v from 'valibot';

const natural = (name: string) =>
  v.pipe(v.number(), v.integer(`${name} must be a whole number`), v.minValue(1, `${name} must be at least 1`));
const pattern = v.pipe(v.string(), v.nonEmpty());

export const biasTuningOptions = v.strictObject({
  /** Pattern of the names of the parameters that train: biases, and shifts of norms. False: none. */
  biases: v.optional(v.union([pattern, v.literal(false)]), '**.bias'),
  /** Pattern of the paths of the modules that train whole. False: none. */
  head: v.optional(v.union([pattern, v.literal(false)]), '{head,fc,classifier}'),
  /** Batch norms use their running statistics, which then stay as they are and keep nothing, or the batch's. */
  norms: v.optional(v.picklist(['running', 'batch']), 'running'),
});

const blocks = v.optional(pattern, 'layers.*');

export const deepPromptsOptions = v.strictObject({
  /** Pattern of the paths of the blocks. */
  blocks,
  /** m: prompts of each block. */
  count: v.optional(natural('count'), 10),
  /** d, for blocks of classes that do not tell. */
  width: v.optional(natural('width')),
  /** p of the bound of the first values. Default: that of the model's patches, or 16. */
  patchSize: v.optional(natural('patchSize')),
});

export const sidePathOptions = v.strictObject({
  blocks,
  /** r: the branch is r times narrower than the block's input. */
  reduction: v.optional(natural('reduction'), 16),
  /** Side of the windows over which maps are averaged first. 1: none. Tokens are not. */
  pool: v.optional(natural('pool'), 2),
  /** φ. */
  activation: v.optional(v.picklist(['relu', 'gelu', 'silu', 'tanh']), 'relu'),
  /** Widths of the blocks' input and output, for blocks of classes that do not tell. */
  widths: v.optional(v.strictTuple([natural('width'), natural('width')])),
});

const structures = v.picklist(['bias', 'prompt', 'side']);

export const s2aOptions = v.strictObject({
  /** What trains beside the head. Prompts need blocks of tokens. */
  structures: v.optional(v.array(structures), ['bias', 'prompt', 'side']),
  blocks,
  head: biasTuningOptions.entries.head,
  norms: biasTuningOptions.entries.norms,
  /** Of the prompts. */
  prompts: v.optional(v.omit(deepPromptsOptions, ['blocks']), {}),
  /** Of the side branches. */
  side: v.optional(v.omit(sidePathOptions, ['blocks']), {}),
  /** Bits of the slopes of elementwise functions and of the other saved activations. False: kept as they are. */
  bits: v.optional(v.union([v.picklist([2, 4]), v.literal(false)]), 4),
});

export type BiasTuningOptions = v.InferInput<typeof biasTuningOptions>;
export type CheckedBiasTuningOptions = v.InferOutput<typeof biasTuningOptions>;
export type DeepPromptsOptions = v.InferInput<typeof deepPromptsOptions>;
export type CheckedDeepPromptsOptions = v.InferOutput<typeof deepPromptsOptions>;
export type SidePathOptions = v.InferInput<typeof sidePathOptions>;
export type CheckedSidePathOptions = v.InferOutput<typeof sidePathOptions>;
export type S2aOptions = v.InferInput<typeof s2aOptions>;
