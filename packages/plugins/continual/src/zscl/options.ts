import type { RandomStream } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';

/** Unlabelled reference data of one step: images `[images, …]` and texts `[texts, …]`, as the model takes them. */
export interface ReferenceBatch {
  readonly images: Tensor;
  /** The same tensor each time lets the teacher's embeddings of it be kept. */
  readonly texts: Tensor;
}

/**
 * Gives the reference data of a step. Tensors that it makes are freed with the step; others remain the caller's.
 * @param step updates made so far
 * @param random the stream of this step and micro-batch
 */
export type ReferenceSource = (step: number, random: RandomStream) => ReferenceBatch;

const weight = v.pipe(v.number(), v.minValue(0));
const size = v.pipe(v.number(), v.integer(), v.minValue(1));
/** All of it, drawn from at random; or what the batch itself has. */
const side = v.union([v.instance(Tensor), v.literal('batch')]);

const drawn = v.strictObject({
  images: side,
  texts: side,
  /** Images drawn a step, without replacement. */
  batchSize: v.optional(size, 64),
  /** Texts drawn a step; default: all. */
  textsPerStep: v.optional(size),
});

export const zsclOptions = v.pipe(
  v.strictObject({
    /** Unlabelled images and texts: a function of the step, or tensors that steps draw from. */
    reference: v.union([v.custom<ReferenceSource>((value) => typeof value === 'function'), drawn]),
    /** T of the distillation. */
    temperature: v.optional(v.pipe(v.number(), v.gtValue(0)), 2),
    /** Coefficient of the loss over texts for each image. */
    imageWeight: v.optional(weight, 1),
    /** Coefficient of the loss over images for each text. */
    textWeight: v.optional(weight, 1),
    /** Coefficient of the sum of squares of the way from the weights at the task's start. */
    l2: v.optional(weight, 0),
    /** Whose knowledge is kept: that before the first task, or before the task that goes on. */
    teacher: v.optional(v.picklist(['first', 'task']), 'first'),
    variant: v.optional(v.picklist(['paper', 'reference-code']), 'paper'),
    /** Whether the text side trains the text tower. Default: yes in the paper, no in the released code. */
    textTower: v.optional(v.boolean()),
    /** Pattern of the name of the logarithm of the scale. */
    logitScale: v.optional(v.string(), '**.logitScale'),
    /** Let it train. */
    trainScale: v.optional(v.boolean(), false),
  }),
  v.transform((options) => ({ ...options, textTower: options.textTower ?? options.variant === 'paper' })),
  v.transform((options) => {
    // Checkpoints list the options: data and functions do not belong there.
    const { reference } = options;
    if (typeof reference === 'object') {
      for (const each of ['images', 'texts'] as const) {
        if (reference[each] !== 'batch') Object.defineProperty(reference, each, { enumerable: false });
      }
    }
    return options;
  }),
);

export type ZsclOptions = v.InferInput<typeof zsclOptions>;
export type CheckedZsclOptions = v.InferOutput<typeof zsclOptions>;
