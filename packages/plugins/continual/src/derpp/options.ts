import * as v from 'valibot';
import { forward } from '../der/options.ts';
import { augment, coefficient, replayCount, withoutFunctions } from '../memory/replay.ts';

export const derppOptions = v.pipe(
  v.strictObject({
    /** Weight of the logits' mean squared error. */
    alpha: coefficient(0.2),
    /** Weight of the user's own loss of replayed samples. */
    beta: coefficient(0.5),
    batchSize: replayCount,
    augment,
    forward,
    /** `reference-code`: both terms of one replayed batch, as in Avalanche. */
    variant: v.optional(v.picklist(['paper', 'reference-code']), 'paper'),
  }),
  v.transform(withoutFunctions),
);

export type DerppOptions = v.InferInput<typeof derppOptions>;
export type CheckedDerppOptions = v.InferOutput<typeof derppOptions>;
