import { checkpoint, type PluginContext, TapgradError } from '@tapgrad/core';
import { type BlockModule, crossEntropy, type LayerWidths, layerWidths } from '@tapgrad/nn';
import { addN, avgPool, mul, type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { AuxiliaryClassifier } from './auxiliary-classifier.ts';
import { classesOf, imageChannelsOf, imageOf, targetsOf } from './data.ts';
import { Decoder } from './decoder.ts';
import type { Crossing } from './follow-parts.ts';
import { reconstructionLoss, supervisedContrastive } from './local-losses.ts';
import type { CheckedAuxiliaryOptions } from './options.ts';

/** Weights of the losses at one cut. */
export interface LocalWeights {
  readonly classification: number;
  readonly reconstruction: number;
}

/** The networks at one cut that turn what arrives there into the loss of the part before it. */
export class LocalNetwork {
  private readonly classifier: AuxiliaryClassifier | undefined;
  private readonly decoder: Decoder | undefined;

  /**
   * @param width channels or width of what is looked at
   * @throws TapgradError LOCAL_NO_LOSS, LOCAL_CLASSES, LOCAL_IMAGE
   */
  constructor(
    context: PluginContext<unknown>,
    cut: number,
    { width, images }: { readonly width: number; readonly images: boolean },
    private readonly weights: LocalWeights,
    private readonly options: CheckedAuxiliaryOptions,
  ) {
    const { features, widen, upsample, loss } = options;
    const named = (name: string) => `${name}-${cut}`;
    if (weights.classification + weights.reconstruction === 0) throw noLoss(cut);
    if (weights.classification > 0) {
      const classes = loss === 'contrastive' ? undefined : classesOf(context, options.classes);
      const random = context.random(named('classifier'));
      const made = new AuxiliaryClassifier({ width, images, features, widen, classes, random });
      this.classifier = context.addModule(named('classifier'), made);
    }
    if (weights.reconstruction > 0) {
      const imageChannels = imageChannelsOf(context, options.imageChannels);
      const random = context.random(named('decoder'));
      this.decoder = context.addModule(
        named('decoder'),
        new Decoder({ width, imageChannels, widen, upsample, random }),
      );
    }
  }

  /** Whether there is a decoder. */
  get draws(): boolean {
    return this.decoder !== undefined;
  }

  /** λ₁ · reconstruction + λ₂ · classification, a scalar. */
  loss(y: Tensor, crossing: Crossing): Tensor {
    const { classification, reconstruction } = this.weights;
    return tidy(() => {
      const terms: Tensor[] = [];
      if (this.decoder) terms.push(mul(this.drawn(this.decoder, y, crossing), reconstruction));
      if (this.classifier) terms.push(mul(this.guessed(this.classifier, y, crossing), classification));
      return terms.length === 1 ? (terms[0] as Tensor) : addN(terms);
    });
  }

  private guessed(classifier: AuxiliaryClassifier, y: Tensor, { rest, pass, training }: Crossing): Tensor {
    const { loss, temperature } = this.options;
    classifier.train(training);
    return this.run(y, (value) => {
      const targets = targetsOf(pass.batch, this.options.targets);
      const made = classifier.call(value, rest[0]);
      return loss === 'contrastive' ? supervisedContrastive(made, targets, temperature) : crossEntropy(made, targets);
    });
  }

  private drawn(decoder: Decoder, y: Tensor, { inputs, pass, training }: Crossing): Tensor {
    const { imageReduction: by, image: given } = this.options;
    decoder.train(training);
    return this.run(y, (value) => {
      const whole = imageOf(pass.batch, inputs, { image: given, imageChannels: decoder.conv2.outChannels });
      const image = by === 1 ? whole : avgPool(whole as Tensor4D, by, by, 'valid');
      const [, height, width] = image.shape as [number, number, number];
      return reconstructionLoss(decoder.call(value, [height, width]), image);
    });
  }

  /** All that `f` needs beside `y` it makes itself: it may run again when the forward's own values are gone. */
  private run(y: Tensor, f: (value: Tensor) => Tensor): Tensor {
    const inScope = (value: Tensor) => tidy(() => f(value));
    return this.options.recompute ? checkpoint(inScope, y) : inScope(y);
  }
}

/** @throws TapgradError LOCAL_WIDTH */
export function widthsOf(module: BlockModule, path: string): LayerWidths {
  const found = layerWidths(module);
  if (found) return found;
  throw new TapgradError({
    code: 'LOCAL_WIDTH',
    message: `block ${path} has no layer that tells how wide its input and output are`,
    modulePath: path,
    fix: 'cut before a block made of convolutions, linear layers or norms of @tapgrad/nn',
  });
}

function noLoss(cut: number): TapgradError {
  return new TapgradError({
    code: 'LOCAL_NO_LOSS',
    message: `at cut ${cut} both weights are 0: the part before it would learn nothing`,
    fix: 'let `classification` or `reconstruction` be above 0 at every cut',
  });
}
