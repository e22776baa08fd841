import * as v from 'valibot';
import { augment, coefficient, replayCount, withoutFunctions } from '../memory/replay.ts';

export const derOptions = v.pipe(
  v.strictObject({
    /** Weight of the logits' mean squared error. */
    alpha: coefficient(0.3),
    batchSize: replayCount,
    augment,
  }),
  v.transform(withoutFunctions),
);

export type DerOptions = v.InferInput<typeof derOptions>;
export type CheckedDerOptions = v.InferOutput<typeof derOptions>;
