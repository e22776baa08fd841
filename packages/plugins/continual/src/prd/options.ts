import type { RandomStream } from '@tapgrad/core';
import * as v from 'valibot';

/** Another view of a batch's inputs: new tensors of the same shapes. `@tapgrad/train` has some for images. */
// biome-ignore lint/suspicious/noExplicitAny: of whatever the model takes, and the user knows what that is
export type ViewOf = (inputs: any, random: RandomStream) => unknown;

const weight = v.pipe(v.number(), v.minValue(0));
const positive = v.pipe(v.number(), v.gtValue(0));
const width = v.pipe(v.number(), v.integer(), v.minValue(1));

/** What differs between the paper's text and the released code. */
interface Variant {
  readonly axis: 'class' | 'sample';
  readonly temperature: number;
  readonly normalizeFeatures: boolean;
  readonly teacherMode: 'evaluation' | 'training';
}

const variants: Readonly<Record<'paper' | 'reference-code', Variant>> = {
  paper: { axis: 'sample', temperature: 0.2, normalizeFeatures: true, teacherMode: 'evaluation' },
  'reference-code': { axis: 'class', temperature: 1, normalizeFeatures: false, teacherMode: 'training' },
};

export const prdOptions = v.pipe(
  v.strictObject({
    /** Path of the model's last linear layer, whose input are the features. Default: found. */
    head: v.optional(v.string()),
    /** Makes each of the two views of a batch. Default: both are the inputs as they are. */
    augment: v.optional(v.custom<ViewOf>((value) => typeof value === 'function')),
    /** Decides the defaults of the four options below it. */
    variant: v.optional(v.picklist(['paper', 'reference-code']), 'paper'),
    /** What relations are distributions over; see the card. */
    axis: v.optional(v.picklist(['class', 'sample'])),
    /** T of the relation distillation. */
    temperature: v.optional(positive),
    /** Whether relations are cosines, or products with unit prototypes. */
    normalizeFeatures: v.optional(v.boolean()),
    /** Mode in which the teacher runs; its statistics never change. */
    teacherMode: v.optional(v.picklist(['evaluation', 'training'])),
    /** τ of the contrastive loss. */
    contrastTemperature: v.optional(positive, 0.1),
    /** λ_p. */
    prototypeWeight: v.optional(weight, 2),
    /** λ_d. */
    distillationWeight: v.optional(weight, 4),
    /** Hidden layers and output of the projection head. */
    projection: v.optional(v.array(width), [512, 512, 128]),
    /** What updates the prototypes: the user's optimizer, or gradient descent at a rate of its own without momentum and decay. */
    prototypes: v.optional(v.union([v.literal('optimizer'), v.strictObject({ learningRate: positive })]), 'optimizer'),
  }),
  v.check(({ projection }) => projection.length > 0, 'projection needs at least one layer'),
  v.transform(({ augment, ...options }) => {
    const defaults = variants[options.variant];
    const all = {
      ...options,
      axis: options.axis ?? defaults.axis,
      temperature: options.temperature ?? defaults.temperature,
      normalizeFeatures: options.normalizeFeatures ?? defaults.normalizeFeatures,
      teacherMode: options.teacherMode ?? defaults.teacherMode,
    };
    // A checkpoint lists options: functions do not belong there.
    return Object.defineProperty({ ...all, augment }, 'augment', { enumerable: false });
  }),
);

export type PrdOptions = v.InferInput<typeof prdOptions>;
export type CheckedPrdOptions = v.InferOutput<typeof prdOptions>;
