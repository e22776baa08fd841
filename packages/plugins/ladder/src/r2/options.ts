import type { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import { hidden, natural, positive, rate, weight } from '../base/options.ts';

const maskOf = v.optional(v.custom<(...inputs: unknown[]) => Tensor>((value) => typeof value === 'function'));

export const r2Options = v.pipe(
  v.strictObject({
    /** Patterns of the paths of the blocks of both towers. */
    video: v.optional(v.string(), 'video.layers.*'),
    query: v.optional(v.string(), 'query.layers.*'),
    /** K: how many layers are read, from the last one backwards. */
    layers: v.optional(natural('layers', 1), 4),
    /** C */
    width: v.optional(natural('width', 1), 256),
    heads: v.optional(natural('heads', 1), 8),
    /** Hidden width of the decoder's feed-forward part, in C. */
    ratio: v.optional(natural('ratio', 1), 4),
    dropout: v.optional(rate, 0.5),
    /** Rate at which a part of the decoder is left out, sample by sample. */
    dropPath: v.optional(rate, 0.1),
    /** Of the pyramid's levels; powers of 2. */
    strides: v.optional(
      v.pipe(
        v.array(
          v.pipe(
            natural('a stride', 1),
            v.check((s) => Number.isInteger(Math.log2(s)), 'strides are powers of 2'),
          ),
        ),
        v.minLength(1),
      ),
      () => [1, 2, 4, 8],
    ),
    /** How far from a span's centre its points lie, in strides. */
    radius: v.optional(positive, 1.5),
    /** Of the contrasts. */
    temperature: v.optional(positive, 0.07),
    weights: v.optional(
      v.strictObject({
        focal: v.optional(weight, 1),
        boundary: v.optional(weight, 0.2),
        saliency: v.optional(weight, 0.1),
        videoContrast: v.optional(weight, 0.1),
        layerContrast: v.optional(weight, 0.1),
      }),
      {},
    ),
    /** Whether padding takes part when words are pooled: it does in the published code. */
    variant: v.optional(v.picklist(['paper', 'reference-code']), 'paper'),
    /** 1 for real words, 0 for padding, `[batch, words]`, out of the model's inputs. Default: from the query tower's mask. */
    words: maskOf,
    /** 1 for real clips, 0 for padding, `[batch, clips]`, out of the model's inputs. Default: all are real. */
    clips: maskOf,
    /** Widths of both towers, for blocks of unknown classes. */
    widths: v.optional(v.strictObject({ video: natural('a width', 1), query: natural('a width', 1) })),
  }),
  v.check(({ width, heads }) => width % heads === 0, 'heads must divide width'),
  v.transform(hidden('words', 'clips')),
);

export type R2Options = v.InferInput<typeof r2Options>;
export type CheckedR2Options = v.InferOutput<typeof r2Options>;
