import * as v from 'valibot';
import { hidden, layerList, mask, natural, newHead, pooling, positive, rate } from '../base/options.ts';

export const sherlOptions = v.pipe(
  v.strictObject({
    /** Pattern of the paths of the backbone's blocks; of a convolutional network, of the blocks of all stages. */
    blocks: v.optional(v.string(), 'layers.*'),
    /** The merged state is as wide as the late layer's input, divided by it. */
    reduction: v.optional(natural('reduction', 1), 2),
    /** Numbers of the blocks (stages) whose output is read. Default: all before the last block. */
    keep: v.optional(layerList),
    drop: v.optional(layerList),
    /** How a state is brought down; ignored beside a convolutional network. */
    down: v.optional(v.picklist(['linear-norm', 'relu-linear', 'gated']), 'linear-norm'),
    /** How the merged state is brought up; ignored beside a convolutional network. */
    out: v.optional(v.picklist(['relu-linear-norm', 'relu-linear']), 'relu-linear-norm'),
    /** A small network on the shallow states' sum, as beside MDETR. */
    mixer: v.optional(v.boolean(), false),
    /** Of what goes into the late layer. */
    dropout: v.optional(rate, 0.1),
    /** T of the gate. */
    temperature: v.optional(positive, 0.1),
    /** Least sum of shares that is divided by. */
    epsilon: v.optional(positive, 1e-6),
    /** `own`: what the model makes of the late layer's output by itself; or a new classifier on it. */
    head: v.optional(v.union([v.literal('own'), newHead]), 'own'),
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

export type SherlOptions = v.InferInput<typeof sherlOptions>;
export type CheckedSherlOptions = v.InferOutput<typeof sherlOptions>;
