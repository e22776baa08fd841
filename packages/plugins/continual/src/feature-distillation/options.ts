import * as v from 'valibot';
import { coefficient, variant } from '../base/options.ts';

const patterns = v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))]);

export const featureDistillationOptions = v.strictObject({
  /** Factor of the loss. At 0 the plugin does nothing. */
  alpha: v.optional(coefficient, 1),
  /** Patterns of tap points, for example `layers.*` (outputs) or `fc:input`. Default: the input of the classifier that a plugin brings, or of the last linear layer. */
  at: v.optional(patterns),
  /** Of several points, the distances are summed. */
  distance: v.optional(v.picklist(['l2', 'cosine']), 'l2'),
  /** `reference-code`: a teacher in training mode, as Avalanche leaves it. */
  variant,
});

export type FeatureDistillationOptions = v.InferInput<typeof featureDistillationOptions>;
export type CheckedFeatureDistillationOptions = v.InferOutput<typeof featureDistillationOptions>;
