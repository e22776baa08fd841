import * as v from 'valibot';
import { augment, replayCount, withoutFunctions } from '../memory/replay.ts';

export const aGemOptions = v.pipe(
  v.strictObject({
    batchSize: replayCount,
    augment,
    /** `reference-code`: the memory has one batch of each task, as in Mammoth: `memory({ policy: 'task-batch' })`. */
    variant: v.optional(v.picklist(['paper', 'reference-code']), 'paper'),
  }),
  v.transform(withoutFunctions),
);

export type AGemOptions = v.InferInput<typeof aGemOptions>;
export type CheckedAGemOptions = v.InferOutput<typeof aGemOptions>;
