import * as v from 'valibot';

const names = v.pipe(v.array(v.string()), v.minLength(1));

export const halfActivationsOptions = v.strictObject({
  /** 11 significant bits up to 65504, or 8 in the range of float32. */
  format: v.optional(v.picklist(['float16', 'bfloat16']), 'float16'),
  /** Glob over the paths of the modules whose saved values are kept so. */
  where: v.optional(v.string(), '**'),
  /** Only values saved for these kernels. Kernels that the plugin does not know by itself may be named here. */
  kernels: v.optional(names),
  /** No values saved for these kernels. */
  except: v.optional(names),
  /** Values with fewer elements stay as they are. */
  smallest: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1024),
});

export type HalfActivationsOptions = v.InferInput<typeof halfActivationsOptions>;
export type CheckedHalfActivationsOptions = v.InferOutput<typeof halfActivationsOptions>;
