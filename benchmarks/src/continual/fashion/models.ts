import { Module, randomStream } from '@tapgrad/core';
import { Linear, ResNet } from '@tapgrad/nn';
import { relu, type Tensor } from '@tensorflow/tfjs-core';

export const modelNames = ['mlp', 'resnet'] as const;
export type ModelName = (typeof modelNames)[number];

/** Side of the images that each model sees: convolutions on 28 x 28 would cost four times as much. */
export const sideOf: Readonly<Record<ModelName, 14 | 28>> = { mlp: 28, resnet: 14 };

/** Hidden layers of the network that the literature splits MNIST with (van de Ven and Tolias 2019). */
const hidden = 400;

/** 784-400-400-classes with ReLU. Input: images `[batch, 784]`; output: logits `[batch, classes]`. */
export class Mlp extends Module<[images: Tensor]> {
  readonly first: Linear;
  readonly second: Linear;
  readonly head: Linear;

  constructor(classes: number, seed: number) {
    super();
    const random = randomStream(seed, 'mlp');
    this.first = new Linear(784, hidden, { random });
    this.second = new Linear(hidden, hidden, { random });
    this.head = new Linear(hidden, classes, { random });
  }

  override forward(images: Tensor): Tensor {
    return this.head.call(relu(this.second.call(relu(this.first.call(images)))));
  }
}

/** Three basic blocks of 8 to 32 channels. Input: images `[batch, 14, 14, 1]`; output: logits `[batch, classes]`. */
function smallResNet(classes: number, seed: number): ResNet {
  return new ResNet({
    architecture: { block: 'basic', stages: [1, 1, 1], stem: 'cifar', channels: 8 },
    inChannels: 1,
    classes,
    random: randomStream(seed, 'resnet'),
  });
}

/** A new network whose weights the seed decides. */
export function buildModel(name: ModelName, classes: number, seed: number): Mlp | ResNet {
  return name === 'mlp' ? new Mlp(classes, seed) : smallResNet(classes, seed);
}
