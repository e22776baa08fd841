import * as v from 'valibot';
import type { ClassVectorSource } from './class-vectors.ts';
import { classVectorLookup } from './lookup.ts';

const isSource = (value: unknown) => ['string', 'object', 'function'].includes(typeof value) && value !== null;

export const lingoCLOptions = v.pipe(
  v.strictObject({
    /** Vectors by class name: content of a JSON, TSV or safetensors file, a record, a map, or a function. */
    vectors: v.pipe(
      v.custom<ClassVectorSource>(isSource, 'give the vectors of class names, as text, bytes, record or function'),
      v.transform(classVectorLookup),
    ),
    /** Path of the model's last linear layer. Default: found. */
    head: v.optional(v.string()),
    /** τ: logits are cosines over it. The paper's value could not be verified; see the card. */
    temperature: v.optional(v.pipe(v.number(), v.gtValue(0)), 0.1),
    /** Whether the scale 1/τ is a parameter that trains from there on. */
    learnScale: v.optional(v.boolean(), false),
  }),
  // A checkpoint lists options: the vectors are in it as tensors.
  v.transform((options) => Object.defineProperty(options, 'vectors', { enumerable: false })),
);

export type LingoCLOptions = v.InferInput<typeof lingoCLOptions>;
export type CheckedLingoCLOptions = v.InferOutput<typeof lingoCLOptions>;
