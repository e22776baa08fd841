import * as v from 'valibot';
import { coefficient, natural, variant } from '../base/options.ts';

const shared = {
  /** Factor of the penalty. At 0 the plugin does nothing. */
  lambda: v.optional(coefficient, 10),
  variant,
  /** Whether the penalty is halved, as in the paper. Default: in the variant `paper`. */
  half: v.optional(v.boolean()),
  /**
   * `per-sample`: the mean of squared gradients of single samples. `weighted`: each times p(y | x). `batch-mean`: squares of
   * the mean gradients of batches. Default: `per-sample` in the variant `paper`, else that of the code.
   */
  fisher: v.optional(v.picklist(['per-sample', 'weighted', 'batch-mean'])),
  /** `data`: labels of the data. `sampled`: drawn from what the model itself predicts. */
  labels: v.optional(v.picklist(['data', 'sampled']), 'data'),
  /** Which outputs labels are drawn from: all, or those of the task's classes. */
  sampledFrom: v.optional(v.picklist(['outputs', 'task']), 'outputs'),
  /** Samples of the task that the Fisher information is taken from, spread evenly over its data. */
  samples: v.optional(v.union([natural('samples', 1), v.literal('all')]), 1000),
  /** Samples read at a time; those that `batch-mean` takes together. */
  batchSize: v.optional(natural('batchSize', 1), 32),
};

export const ewcOptions = v.strictObject(shared);
export const onlineEwcOptions = v.strictObject({
  ...shared,
  /** γ: what remains of the importance at each task. */
  gamma: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 1),
});

export type EwcOptions = v.InferInput<typeof ewcOptions>;
export type CheckedEwcOptions = v.InferOutput<typeof ewcOptions>;
export type OnlineEwcOptions = v.InferInput<typeof onlineEwcOptions>;
export type CheckedOnlineEwcOptions = v.InferOutput<typeof onlineEwcOptions>;
export type FisherOptions = Pick<CheckedEwcOptions, 'labels' | 'sampledFrom' | 'samples' | 'batchSize'> & {
  readonly fisher: NonNullable<CheckedEwcOptions['fisher']>;
};
