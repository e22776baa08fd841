import * as v from 'valibot';
import { coefficient, natural, positive, variant } from '../base/options.ts';

export const lwfOptions = v.strictObject({
  /** Factor of the distillation loss. At 0 the plugin does nothing. */
  alpha: v.optional(coefficient, 1),
  /** Of teacher and student alike. */
  temperature: v.optional(positive, 2),
  /** `reference-code`: the form `kl`, and a teacher in training mode, as in Avalanche. */
  variant,
  /** Default: `cross-entropy` in the variant `paper`, else `kl`. The gradients are the same. */
  form: v.optional(v.picklist(['cross-entropy', 'kl'])),
  /** Multiply the loss by T². */
  squaredTemperature: v.optional(v.boolean(), false),
  /** What the teacher sees: `unaugmented` is `batch.unaugmented` where there is one. */
  inputs: v.optional(v.picklist(['batch', 'unaugmented']), 'batch'),
  /** Updates at the beginning of each task but the first in which the classifier alone trains. */
  warmUp: v.optional(natural('warmUp', 0), 0),
  /** Pattern of the names of the classifier's parameters. Default: those of the head that a plugin grows or brings, or of the last linear layer. */
  head: v.optional(v.string()),
});

export type LwfOptions = v.InferInput<typeof lwfOptions>;
export type CheckedLwfOptions = v.InferOutput<typeof lwfOptions>;
