import * as v from 'valibot';

const names = v.pipe(v.array(v.string()), v.minLength(1));

export const groupwiseCodesOptions = v.strictObject({
  /** Bits a code takes. */
  bits: v.optional(v.picklist([2, 4, 8]), 4),
  /** Consecutive elements that share a range. */
  group: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(32), v.multipleOf(32, 'group must be a multiple of 32')),
    256,
  ),
  /** Unbiased, from the forward's own random streams; or to the nearest code. */
  rounding: v.optional(v.picklist(['stochastic', 'nearest']), 'stochastic'),
  /** How a group's least value and step are kept: 4 bytes a group, or 8. */
  scales: v.optional(v.picklist(['bfloat16', 'float32']), 'bfloat16'),
  /** Glob over the paths of the modules whose saved values are coded. */
  where: v.optional(v.string(), '**'),
  /** What kind of saved values are coded. Default: all. */
  roles: v.optional(v.pipe(v.array(v.picklist(['input', 'output', 'derivative', 'aux'])), v.minLength(1))),
  /** Only values saved for these kernels. Kernels that the plugin does not know by itself may be named here. */
  kernels: v.optional(names),
  /** No values saved for these kernels. */
  except: v.optional(names),
  /** Values with fewer elements stay as they are. */
  smallest: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1024),
});

export type GroupwiseCodesOptions = v.InferInput<typeof groupwiseCodesOptions>;
export type CheckedGroupwiseCodesOptions = v.InferOutput<typeof groupwiseCodesOptions>;
