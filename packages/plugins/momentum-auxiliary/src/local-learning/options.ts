import * as v from 'valibot';
import { auxiliaryOptions, notBoth, partitionOptions, withoutFunctions } from '../base/options.ts';

const weight = v.pipe(v.number(), v.minValue(0));

export const localLearningOptions = v.pipe(
  v.strictObject({
    ...partitionOptions,
    ...auxiliaryOptions,
    /** Of the auxiliary classifier's loss; one value, or those at the first and the last cut. */
    classification: v.optional(v.union([weight, v.tuple([weight, weight])]), 1),
    /** Of the decoder's loss, likewise. Where it is 0 there is no decoder. */
    reconstruction: v.optional(v.union([weight, v.tuple([weight, weight])]), 0),
  }),
  v.check((given) => notBoth(given), 'give parts or cuts, not both'),
  v.transform(withoutFunctions),
);

export type LocalLearningOptions = v.InferInput<typeof localLearningOptions>;
export type CheckedLocalLearningOptions = v.InferOutput<typeof localLearningOptions>;
