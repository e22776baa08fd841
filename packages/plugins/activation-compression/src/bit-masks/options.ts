import * as v from 'valibot';

export const bitMasksOptions = v.strictObject({
  /** Glob over the paths of the modules whose truth values are packed. */
  where: v.optional(v.string(), '**'),
  /**
   * Glob over the paths of modules whose products have a mask for their second operand: 0 or one and the same number, as in
   * tfjs's `tf.dropout`. Default: none. Any other operand would come back wrong.
   */
  twoValued: v.optional(v.string()),
});

export type BitMasksOptions = v.InferInput<typeof bitMasksOptions>;
