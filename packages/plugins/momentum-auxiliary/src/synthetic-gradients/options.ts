import * as v from 'valibot';
import { auxiliaryOptions, notBoth, partitionOptions, withoutFunctions } from '../base/options.ts';

const natural = v.pipe(v.number(), v.integer(), v.minValue(1));
const weight = v.pipe(v.number(), v.minValue(0));

export const syntheticGradientsOptions = v.pipe(
  v.strictObject({
    ...partitionOptions,
    /** Predictors see the label too (cDNI). */
    conditional: v.optional(v.boolean(), false),
    /** Hidden layers of a predictor. Default 2; none where it is conditional. */
    layers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    /** Their channels. Default 128 for images, else 1024. */
    hidden: v.optional(natural),
    /** Of the predictors' loss. */
    weight: v.optional(weight, 1),
    /** Of the predicted gradient, where it is injected. */
    factor: v.optional(weight, 1),
    classes: auxiliaryOptions.classes,
    targets: auxiliaryOptions.targets,
  }),
  v.check((given) => notBoth(given), 'give parts or cuts, not both'),
  v.transform(withoutFunctions),
);

export type SyntheticGradientsOptions = v.InferInput<typeof syntheticGradientsOptions>;
export type CheckedSyntheticGradientsOptions = v.InferOutput<typeof syntheticGradientsOptions>;
