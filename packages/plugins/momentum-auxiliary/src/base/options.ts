import type { Batch } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';

const natural = (name: string) =>
  v.pipe(v.number(), v.integer(`${name} must be a whole number`), v.minValue(1, `${name} must be at least 1`));
const weight = v.pipe(v.number(), v.minValue(0));
const ramp = (fallback: number | [number, number]) =>
  v.optional(v.union([weight, v.tuple([weight, weight])]), fallback);
const ofBatch = v.optional(
  v.custom<(batch: Batch) => Tensor>((value) => typeof value === 'function', 'must be a function of the batch'),
);

/** Where a model is cut. */
export const partitionOptions = {
  /** Pattern of the blocks' paths, stage by stage: `layer1.0`, … of residual networks, `layers.0`, … of transformers. */
  blocks: v.optional(v.string(), 'layer*.*'),
  /** K: as many equal parts. Default 2. */
  parts: v.optional(natural('parts')),
  /** In place of `parts`: paths, or patterns of them, of the blocks with which parts 2, 3, … begin. */
  cuts: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
};

/** Of the networks beside a part, and their losses. */
export const auxiliaryOptions = {
  /** λ₂: of the auxiliary classifier's loss; one value, or those at the first and the last cut. */
  classification: ramp(0.5),
  /** λ₁: of the decoder's loss, likewise. Where it is 0 there is no decoder. */
  reconstruction: ramp([5, 0]),
  /** Of the auxiliary classifier. */
  loss: v.optional(v.picklist(['cross-entropy', 'contrastive']), 'cross-entropy'),
  /** τ of the contrastive loss. */
  temperature: v.optional(v.pipe(v.number(), v.gtValue(0)), 0.07),
  /** Width of the auxiliary classifier's last hidden layer. */
  features: v.optional(natural('features'), 128),
  /** Factor of the auxiliary networks' channels. */
  widen: v.optional(natural('widen'), 1),
  /**
   * Where the decoder resizes to the image: before its first convolution (`first`) or before its last. Default, as the two
   * published decoders: `first` for up to 64 channels, `last` for more.
   */
  upsample: v.optional(v.picklist(['first', 'last'])),
  /** The decoder draws the image reduced by this factor. */
  imageReduction: v.optional(natural('imageReduction'), 1),
  /** Run the auxiliary networks again in backward, one by one, in place of keeping what they save. */
  recompute: v.optional(v.boolean(), true),
  /**
   * Run so many of a part's last blocks again in backward too: what they save is then not there while the auxiliary networks
   * run, which is when a part that is cut at large values takes the most.
   */
  recomputeBlocks: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0, 'recomputeBlocks must be at least 0')), 0),
  /** Classes of the targets. Default: the outputs of the model's last linear layer. */
  classes: v.optional(natural('classes')),
  /** Class indices `[batch]`, or distributions `[batch, classes]`. Default: the batch's `targets`. */
  targets: ofBatch,
  /** The image in [0, 1], `[batch, height, width, channels]`. Default: the model's first input. */
  image: ofBatch,
  /** Default: the channels that the model's first layer takes. */
  imageChannels: v.optional(natural('imageChannels')),
};

const data = ['targets', 'image'] as const;

/** Checkpoints list a plugin's options: functions do not belong there, and are hidden from listings. */
export function withoutFunctions<O extends object>(options: O): O {
  for (const name of data) if (name in options) Object.defineProperty(options, name, { enumerable: false });
  return options;
}

export function notBoth({ parts, cuts }: { parts?: number | undefined; cuts?: string[] | undefined }): boolean {
  return !(parts !== undefined && cuts);
}

const checked = v.strictObject({ ...partitionOptions, ...auxiliaryOptions });
export type CheckedAuxiliaryOptions = v.InferOutput<typeof checked>;
