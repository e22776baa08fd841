import type { Batch } from '@tapgrad/core';
import * as v from 'valibot';
import { hidden, layerList, mask, natural, newHead, pooling, positive, rate, weight } from '../base/options.ts';

export const ladderOptions = v.pipe(
  v.strictObject({
    /** Pattern of the paths of the backbone's blocks. Lists at several places make one side stack each. */
    blocks: v.optional(v.string(), 'layers.*'),
    /** r: the side network is r times narrower. */
    reduction: v.optional(natural('reduction', 1), 8),
    /** T of the gates. */
    temperature: v.optional(positive, 0.1),
    /** Numbers of the blocks, from 0 and in each stack, beside which a side block stands. Default: all. */
    keep: v.optional(v.pipe(layerList, v.minLength(1))),
    /** As `keep`, the other way round. */
    drop: v.optional(layerList),
    /** Mix before the side block, as published, or after it. */
    fuse: v.optional(v.picklist(['before', 'after']), 'before'),
    /** Rate at the side network's entrance and exit. */
    dropout: v.optional(rate, 0.1),
    /** `upsample`: the backbone's own frozen head; or a new classifier. */
    head: v.optional(v.union([v.literal('upsample'), newHead]), 'upsample'),
    pooling,
    /**
     * Weight of the distillation term, which pulls the logits to those that the frozen backbone gives by itself; for
     * models whose logits the backbone knows already. Published with weight 0. Costs one more forward where it is not 0.
     */
    distillation: v.optional(weight, 0),
    distillationTemperature: v.optional(positive, 0.1),
    /** With `upsample`: path of the module whose input is replaced. */
    at: v.optional(v.string(), 'head'),
    mask,
    /** Sizes of the backbone's blocks, for classes of block that the ladder does not know. */
    side: v.optional(
      v.strictObject({
        width: natural('width', 1),
        heads: natural('heads', 1),
        inputWidth: v.optional(natural('inputWidth', 1)),
        hidden: v.optional(natural('hidden', 1)),
      }),
    ),
    /** Side blocks from the backbone by structured pruning, or random. */
    init: v.optional(v.picklist(['pruned', 'random']), 'pruned'),
    /** What ranks the weights: their gradients (empirical Fisher information), or their sizes, which needs no data. */
    importance: v.optional(v.picklist(['fisher', 'magnitude']), 'fisher'),
    /** Samples whose gradients rank the weights for pruning. */
    samplesForFisher: v.optional(natural('samplesForFisher', 1), 1024),
    /**
     * What is measured at a time: one block, which holds its gradients and importances only and takes a pass over the
     * samples for each, or the whole model in one pass.
     */
    measure: v.optional(v.picklist(['block', 'model']), 'block'),
    /**
     * Batches to rank the weights with, or a function that gives them anew; used when training begins. Default: the first
     * training batch, before its step.
     */
    samples: v.optional(
      v.custom<readonly Batch[] | (() => Iterable<Batch> | AsyncIterable<Batch>)>(
        (value) => Array.isArray(value) || typeof value === 'function',
        'samples must be a list of batches, or a function that gives one',
      ),
    ),
  }),
  v.check(({ keep, drop }) => !(keep && drop), 'give keep or drop, not both'),
  v.transform(hidden('samples', 'mask')),
);

export type LadderOptions = v.InferInput<typeof ladderOptions>;
export type CheckedLadderOptions = v.InferOutput<typeof ladderOptions>;
