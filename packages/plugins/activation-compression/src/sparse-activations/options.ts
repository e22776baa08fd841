import * as v from 'valibot';

export const sparseActivationsOptions = v.strictObject({
  /** Share of each sample's elements that is kept: 1 − ρ. */
  keep: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 0.1),
  /** Glob over the paths of the modules whose saved inputs are thinned out. */
  where: v.optional(v.string(), '**'),
  /** Kernels whose inputs are thinned out. */
  kernels: v.optional(v.pipe(v.array(v.string()), v.minLength(1)), [
    'tapgrad.Linear',
    'BatchMatMul',
    '_FusedMatMul',
    'Conv2D',
    'FusedConv2D',
    'DepthwiseConv2dNative',
    'FusedDepthwiseConv2D',
  ]),
  /** Values with fewer elements stay as they are. */
  smallest: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1024),
});

export type SparseActivationsOptions = v.InferInput<typeof sparseActivationsOptions>;
export type CheckedSparseActivationsOptions = v.InferOutput<typeof sparseActivationsOptions>;
