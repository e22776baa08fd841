import * as v from 'valibot';
import { coefficient, positive, variant } from '../base/options.ts';

export const siOptions = v.strictObject({
  /** Factor of the penalty. At 0 the plugin does nothing. */
  c: v.optional(coefficient, 0.1),
  /** ξ: what squared distances are damped with. */
  xi: v.optional(positive, 0.1),
  /** `reference-code` clips every gradient value to [−1, 1] before the update, and in the path integral. */
  variant,
  /** Importances below zero, of moves that raised the task's loss, become zero. */
  nonNegative: v.optional(v.boolean(), false),
});

export type SiOptions = v.InferInput<typeof siOptions>;
export type CheckedSiOptions = v.InferOutput<typeof siOptions>;
