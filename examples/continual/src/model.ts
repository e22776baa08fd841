import { Module, type RandomStream, randomStream } from '@tapgrad/core';
import { Linear, ResNet } from '@tapgrad/nn';
import { relu, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { loadModel as loadTextModel } from '../../supersenses/src/load-model.ts';
import { UserError } from '../../supersenses/src/user-error.ts';
import type { Dataset } from './data/dataset.ts';
import { type Encoded, encodeImages, encodeTexts } from './labelled.ts';
import { type ModelName, models } from './options.ts';

/** A classifier with data in the form that it takes. */
export interface PreparedModel {
  readonly name: ModelName;
  readonly model: Module<[Tensor]>;
  /** Path of the classifier: its input are the features. */
  readonly head: string;
  /** That suits it with AdamW. */
  readonly learningRate: number;
  readonly data: Encoded;
}

const learningRates: Readonly<Record<ModelName, number>> = { 'use-lite': 5e-4, tiny: 2e-3, resnet: 2e-3, mlp: 1e-3 };
const forTexts: readonly ModelName[] = ['use-lite', 'tiny'];

/** The model that the options ask for, or that suits the data. Throws `UserError` for one that takes other data. */
export async function prepareModel(
  dataset: Dataset,
  asked: ModelName | undefined,
  seed: number,
): Promise<PreparedModel> {
  const name = asked ?? (dataset.kind === 'text' ? 'use-lite' : 'resnet');
  const fitting = models.filter((each) => forTexts.includes(each) === (dataset.kind === 'text'));
  if (!fitting.includes(name)) {
    throw new UserError(`--model ${name} does not take ${dataset.kind}; choose among ${fitting.join(', ')}`);
  }
  const classes = dataset.labels.length;
  const learningRate = learningRates[name];
  if (dataset.kind === 'text') {
    const { model, encode } = await loadTextModel(name, classes, seed);
    model.unfreeze('**');
    return { name, model, head: 'head', learningRate, data: encodeTexts(dataset, encode) };
  }
  const random = randomStream(seed, 'model');
  const [height, width, inChannels] = dataset.shape;
  const data = encodeImages(dataset);
  if (name === 'mlp') {
    return { name, model: new Mlp(height * width * inChannels, classes, random), head: 'head', learningRate, data };
  }
  const architecture = { block: 'basic', stem: 'cifar', channels: 16, stages: [1, 1, 1] } as const;
  return { name, model: new ResNet({ architecture, inChannels, classes, random }), head: 'fc', learningRate, data };
}

/** Two hidden layers, as in the comparisons of van de Ven and Tolias (2019). */
class Mlp extends Module<[images: Tensor]> {
  readonly first: Linear;
  readonly second: Linear;
  readonly head: Linear;

  constructor(pixels: number, classes: number, random: RandomStream) {
    super();
    this.first = new Linear(pixels, 400, { random });
    this.second = new Linear(400, 400, { random });
    this.head = new Linear(400, classes, { random });
  }

  override forward(images: Tensor): Tensor {
    return tidy(() => {
      const flat = reshape(images, [images.shape[0] as number, -1]);
      const hidden = relu(this.second.call(relu(this.first.call(flat))));
      return this.head.call(hidden);
    });
  }
}
