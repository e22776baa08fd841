import * as v from 'valibot';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const weightAveragingOptions = v.pipe(
  v.strictObject({
    /**
     * `trajectory`: the mean of the weights at the task's start and those on the way. `ema`: their exponential mean.
     * `wise`: a point on the line between the weights at the task's start and at its end.
     */
    mode: v.optional(v.picklist(['trajectory', 'ema', 'wise']), 'trajectory'),
    /** Updates from one point to the next. Default: 100 on the trajectory, 1 for the exponential mean. */
    every: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    /** Share of the old in the exponential mean. */
    decay: v.optional(share, 0.999),
    /** Share of the task's end on the line: at 1 nothing is averaged. */
    alpha: v.optional(share, 0.5),
    /** What `evaluate` measures while a task goes on: the weights that train, or their average. */
    evaluate: v.optional(v.picklist(['current', 'average']), 'current'),
  }),
  v.check(
    ({ mode, evaluate }) => mode !== 'wise' || evaluate !== 'average',
    'wise has no average before the task ends: evaluate cannot measure it',
  ),
  v.transform((options) => ({ ...options, every: options.every ?? (options.mode === 'trajectory' ? 100 : 1) })),
);

export type WeightAveragingOptions = v.InferInput<typeof weightAveragingOptions>;
export type CheckedWeightAveragingOptions = v.InferOutput<typeof weightAveragingOptions>;
