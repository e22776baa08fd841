import * as v from 'valibot';

export const growingHeadOptions = v.strictObject({
  /** Path of the model's last linear layer. Default: found. */
  head: v.optional(v.string()),
  /** Whether the parts have a bias. Default: as the model's head. */
  bias: v.optional(v.boolean()),
});

export type GrowingHeadOptions = v.InferInput<typeof growingHeadOptions>;
export type CheckedGrowingHeadOptions = v.InferOutput<typeof growingHeadOptions>;
