import * as v from 'valibot';
import { augment, coefficient, replayCount, withoutFunctions } from '../memory/replay.ts';

/** Whether replayed samples pass the model by themselves, or behind the rows of the batch, so that batch norms see both at once. */
export const forward = v.optional(v.picklist(['apart', 'joint']), 'apart');

export const derOptions = v.pipe(
  v.strictObject({
    /** Weight of the logits' mean squared error. */
    alpha: coefficient(0.3),
    batchSize: replayCount,
    augment,
    forward,
  }),
  v.transform(withoutFunctions),
);

export type DerOptions = v.InferInput<typeof derOptions>;
export type CheckedDerOptions = v.InferOutput<typeof derOptions>;
