import * as v from 'valibot';
import { auxiliaryOptions, notBoth, partitionOptions, withoutFunctions } from '../base/options.ts';

export const momentumAuxiliaryOptions = v.pipe(
  v.strictObject({
    ...partitionOptions,
    ...auxiliaryOptions,
    /** m of the moving average of the block after a cut. */
    momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.995),
    /**
     * `paper`: both copies start from the block that they copy, and λ goes from its first to its last value over the cuts.
     * `reference-code`: both start at random, each by itself, and λ goes by the stage of the block after the cut.
     */
    variant: v.optional(v.picklist(['paper', 'reference-code']), 'paper'),
  }),
  v.check((given) => notBoth(given), 'give parts or cuts, not both'),
  v.transform(withoutFunctions),
);

export type MomentumAuxiliaryOptions = v.InferInput<typeof momentumAuxiliaryOptions>;
export type CheckedMomentumAuxiliaryOptions = v.InferOutput<typeof momentumAuxiliaryOptions>;
