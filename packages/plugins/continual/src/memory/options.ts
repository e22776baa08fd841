import * as v from 'valibot';

const natural = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1));

export const memoryOptions = v.pipe(
  v.strictObject({
    /** The most samples that are kept. */
    samples: v.optional(natural),
    /** Or the most bytes: as many samples as fit, the largest seen so far. */
    bytes: v.optional(v.pipe(v.number(), v.minValue(1))),
    /** Which samples are kept. */
    policy: v.optional(v.picklist(['reservoir', 'class-balanced', 'herding', 'task-batch']), 'reservoir'),
    /** Class-balanced: which sample of a class makes room: any, or the one kept longest. */
    replacement: v.optional(v.picklist(['random', 'oldest']), 'random'),
    /** Herding: the tap point whose value `[batch, …]` is a sample's features, for example `head:input`. */
    features: v.optional(v.string()),
    /** Task-batch: samples of each task. */
    taskBatch: v.optional(natural, 32),
    /** What fills up token ids (int32) of different lengths in one batch; other values get 0. */
    padding: v.optional(v.number(), -1),
  }),
  v.check(
    ({ samples, bytes }) => (samples === undefined) !== (bytes === undefined),
    'give samples or bytes, one of them',
  ),
  v.check(
    ({ policy, features }) => policy !== 'herding' || features !== undefined,
    "herding needs features: a tap point such as 'head:input'",
  ),
);

export type MemoryOptions = v.InferInput<typeof memoryOptions>;
export type CheckedMemoryOptions = v.InferOutput<typeof memoryOptions>;
