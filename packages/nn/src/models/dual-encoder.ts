import { type Batch, Module, Parameter, TapgradError } from '@tapgrad/core';
import {
  add,
  clone,
  div,
  exp,
  matMul,
  maximum,
  mul,
  range,
  scalar,
  sqrt,
  square,
  sum,
  type Tensor,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { type CrossEntropyOptions, crossEntropy } from '../losses/cross-entropy.ts';

/** Rows shorter than this are not brought to length 1. */
const shortest = 1e-8;

// biome-ignore lint/suspicious/noExplicitAny: a tower of any one input
type Tower = Module<[any], Tensor>;

export interface DualEncoderOptions {
  /** Images, or whatever it takes, to `[batch, width]`. */
  readonly image: Tower;
  /** Texts, or whatever it takes, to `[texts, width]`. */
  readonly text: Tower;
  /** Brings what the image tower gives to the common width, as CLIP's linear layer without a bias does. Default: none. */
  readonly imageProjection?: Module;
  readonly textProjection?: Module;
  /** Divides the similarities at the start: `logitScale` is ln(1 / temperature). Default 0.07. */
  readonly temperature?: number;
}

/** What a model of two towers gives. */
export interface DualEncoderOutputs {
  /** `[batch, width]`, rows of length 1. */
  readonly image: Tensor;
  /** `[texts, width]`, rows of length 1. */
  readonly text: Tensor;
  /** Natural logarithm of what cosines are multiplied with, a scalar. */
  readonly scale: Tensor;
}

/**
 * A model of images and texts as CLIP is (Radford et al. 2021, arXiv:2103.00020): two towers into one space, and a scale
 * that is learned. Texts are their own list: their number is not that of the images.
 *
 * Either input may be undefined, for one tower alone: the embeddings of that side are then `[0, width]`.
 * @example new DualEncoder({ image: new VisionTransformer({ … }), text: new TextEncoder({ … }) })
 * @throws TapgradError BAD_OPTION; SHAPE_MISMATCH where the towers give no rows of one width
 */
export class DualEncoder extends Module<[images: Tensor | undefined, texts: Tensor | undefined], DualEncoderOutputs> {
  readonly image: Tower;
  readonly text: Tower;
  readonly imageProjection: Module | undefined;
  readonly textProjection: Module | undefined;
  readonly logitScale: Parameter;

  constructor({ image, text, imageProjection, textProjection, temperature = 0.07 }: DualEncoderOptions) {
    super();
    if (!(temperature > 0)) {
      const message = `DualEncoder: temperature is ${temperature}`;
      throw new TapgradError({ code: 'BAD_OPTION', message, fix: 'give a temperature above 0' });
    }
    this.image = image;
    this.text = text;
    this.imageProjection = imageProjection;
    this.textProjection = textProjection;
    this.logitScale = new Parameter(scalar(-Math.log(temperature)));
  }

  override forward(images: Tensor | undefined, texts: Tensor | undefined): DualEncoderOutputs {
    const image = images && embedded(this.image.call(images), this.imageProjection);
    const text = texts && embedded(this.text.call(texts), this.textProjection);
    const [a, b] = [image ?? text, text ?? image];
    if (a?.rank !== 2 || b?.rank !== 2 || a.shape[1] !== b.shape[1]) throw notInOneSpace(image, text);
    const none = () => zeros([0, a.shape[1] as number]);
    // A handle of its own: whoever disposes the outputs leaves the parameter.
    return { image: image ?? none(), text: text ?? none(), scale: clone(this.logitScale.read()) };
  }
}

function embedded(value: Tensor, projection: Module | undefined): Tensor {
  const x = projection ? projection.call(value) : value;
  return div(x, sqrt(maximum(sum(square(x), -1, true), shortest ** 2)));
}

/** Logits of every image for every text: exp(scale) · image · textᵀ, `[batch, texts]`. */
export function zeroShotLogits({ image, text, scale }: DualEncoderOutputs): Tensor {
  return mul(matMul(image, text, false, true), exp(scale));
}

/**
 * Cross-entropy of images against texts, one text (prompt) a class: the loss that fine-tunes for a task.
 * @param targets int32 `[batch]`: number of the image's text; or the batch that holds them
 */
export function zeroShotLoss(
  outputs: DualEncoderOutputs,
  targets: Tensor | Batch,
  options: CrossEntropyOptions = {},
): Tensor {
  return crossEntropy(zeroShotLogits(outputs), targets, options);
}

/**
 * Symmetric contrastive loss of pairs, as CLIP is pretrained with: image i belongs to text i, and the mean is taken over the
 * choice of the text for an image and of the image for a text (Radford et al. 2021, figure 3).
 * @throws TapgradError SHAPE_MISMATCH where there are not as many texts as images
 */
export function contrastiveLoss(outputs: DualEncoderOutputs): Tensor {
  const { image, text } = outputs;
  const [pairs] = image.shape as [number, number];
  if (text.shape[0] !== pairs) {
    throw new TapgradError({
      code: 'SHAPE_MISMATCH',
      message: `${pairs} images and ${text.shape[0]} texts are no pairs`,
      op: 'contrastiveLoss',
      fix: 'give every image its text, in the same order',
    });
  }
  const logits = zeroShotLogits(outputs);
  const own = range(0, pairs, 1, 'int32');
  return mul(add(crossEntropy(logits, own), crossEntropy(transpose(logits), own)), 0.5);
}

function notInOneSpace(image: Tensor | undefined, text: Tensor | undefined): TapgradError {
  const shape = (of: Tensor | undefined) => (of ? `[${of.shape}]` : 'nothing');
  return new TapgradError({
    code: 'SHAPE_MISMATCH',
    message: `the towers give ${shape(image)} and ${shape(text)}, not [batch, width] and [texts, width] of one width`,
    fix: 'pool each tower to one vector a sample, and give projections to a common width',
  });
}
