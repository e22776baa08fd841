import * as v from 'valibot';
import { hidden, layerList, mask, natural, newHead, pooling, positive } from '../base/options.ts';

export const uniptOptions = v.pipe(
  v.strictObject({
    /** Pattern of the paths of the backbone's blocks; of a convolutional network, of the blocks of all stages. */
    blocks: v.optional(v.string(), 'layers.*'),
    /** k = width of the last block / reduction. */
    reduction: v.optional(natural('reduction', 1), 2),
    /** Numbers of the blocks (stages) whose output is read. Default: all. The last that is read is the anchor. */
    keep: v.optional(v.pipe(layerList, v.minLength(1))),
    drop: v.optional(layerList),
    /** How the merged state is added to the anchor. */
    proj: v.optional(v.picklist(['linear-norm', 'bottleneck']), 'linear-norm'),
    /** How features of the backbone's width are made. */
    final: v.optional(v.picklist(['relu-linear', 'linear', 'relu-linear-norm']), 'relu-linear'),
    /** Least sum of attention shares that is divided by. */
    epsilon: v.optional(positive, 1e-8),
    /** `own`: the model's own frozen head; or a new classifier. */
    head: v.optional(v.union([v.literal('own'), newHead]), 'own'),
    /** With `own`: path of the module whose input is replaced. */
    at: v.optional(v.string(), 'head'),
    pooling,
    mask,
    /** What blocks pass, if it cannot be told: `[batch, tokens, width]` or `[batch, height, width, channels]`. */
    values: v.optional(v.picklist(['tokens', 'maps'])),
    /** Width of each state that is read, in their order, for blocks of unknown classes. */
    widths: v.optional(v.array(natural('a width', 1))),
  }),
  v.check(({ keep, drop }) => !(keep && drop), 'give keep or drop, not both'),
  v.transform(hidden('mask')),
);

export type UniptOptions = v.InferInput<typeof uniptOptions>;
export type CheckedUniptOptions = v.InferOutput<typeof uniptOptions>;
