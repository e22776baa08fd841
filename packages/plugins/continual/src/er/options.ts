import * as v from 'valibot';
import { augment, replayCount, withoutFunctions } from '../memory/replay.ts';

export const erOptions = v.pipe(v.strictObject({ batchSize: replayCount, augment }), v.transform(withoutFunctions));

export type ErOptions = v.InferInput<typeof erOptions>;
export type CheckedErOptions = v.InferOutput<typeof erOptions>;
