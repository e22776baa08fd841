import { type Batch, type Module, randomStream, Module as TapgradModule } from '@tapgrad/core';
import { crossEntropy, InvertedResidual, Linear, ResNet, TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { mean, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { ModelSpec } from '../plugin/plugin-spec.ts';

const classes = 3;
const samples = 4;

/** Images `[4, 8, 8, 1]` to 3 classes by 3 pre-norm blocks `layers.*` of width 8 with 2 heads, on 4 patches and a class token. */
export const tinyVisionTransformer: ModelSpec = {
  name: 'vision-transformer',
  model: () =>
    scattered(
      new VisionTransformer({
        width: 8,
        heads: 2,
        layers: 3,
        hidden: 16,
        imageSize: 8,
        patchSize: 4,
        channels: 1,
        classes,
        random: randomStream(5, 'vision-transformer'),
      }),
    ),
  batch: (index) => images(index, [samples, 8, 8, 1]),
  loss,
};

/** Token ids `[4, 5]`, padded with -1, to 3 classes by 3 pre-norm blocks `layers.*` of width 8 with 2 heads. */
export const tinyTextEncoder: ModelSpec = {
  name: 'text-encoder',
  model: () =>
    scattered(
      new TextEncoder({
        vocabularySize: 20,
        width: 8,
        heads: 2,
        layers: 3,
        hidden: 16,
        maxTokens: 8,
        classes,
        random: randomStream(5, 'text-encoder'),
      }),
    ),
  batch(index) {
    const random = randomStream(9, 'text', index);
    const ids = Int32Array.from({ length: samples * 5 }, (_, i) =>
      i % 5 < 5 - Math.floor(i / 10) ? random.integer(20) : -1,
    );
    return { inputs: tensor(ids, [samples, 5], 'int32'), targets: labels() };
  },
  loss,
};

/** Images `[4, 8, 8, 1]` in [0, 1] to 3 classes by a residual network with stages `layer1.*` and `layer2.*` of 2 blocks, 4 and 8 channels. */
export const tinyResNet: ModelSpec = {
  name: 'residual-network',
  model: () =>
    scattered(
      new ResNet({
        architecture: { block: 'basic', stages: [2, 2], stem: 'cifar', channels: 4 },
        inChannels: 1,
        classes,
        random: randomStream(5, 'residual-network'),
      }),
    ),
  batch: (index) => images(index, [samples, 8, 8, 1]),
  loss,
};

/** Inverted residuals `blocks.*`, as MobileNetV2 has them. */
class InvertedResiduals extends TapgradModule {
  readonly blocks: readonly InvertedResidual[];
  readonly classifier: Linear;

  constructor() {
    super();
    const random = randomStream(5, 'inverted-residuals');
    const options = { stride: 1, expansion: 2, padding: 1, epsilon: 1e-5, random } as const;
    this.blocks = [2, 4, 4].map(
      (inChannels, i) => new InvertedResidual({ ...options, inChannels, outChannels: 4, stride: i === 1 ? 2 : 1 }),
    );
    this.classifier = new Linear(4, classes, { random });
  }

  override forward(x: Tensor): Tensor {
    const features = this.blocks.reduce((value, block) => block.call(value), x);
    return this.classifier.call(mean(features, [1, 2]));
  }
}

/** Images `[4, 6, 6, 2]` to 3 classes by 3 inverted residuals `blocks.*` with expansion 2 and a `classifier`. */
export const tinyInvertedResiduals: ModelSpec = {
  name: 'inverted-residuals',
  model: () => scattered(new InvertedResiduals()),
  batch: (index) => images(index, [samples, 6, 6, 2]),
  loss,
};

function loss(outputs: unknown, batch: Batch): Tensor {
  return crossEntropy(outputs as Tensor, batch);
}

function images(index: number, shape: number[]): Batch {
  const size = shape.reduce((product, length) => product * length, 1);
  return { inputs: tensor(randomStream(9, 'images', index).uniform(size, 0, 1), shape), targets: labels() };
}

function labels(): Tensor {
  return tensor(
    Int32Array.from({ length: samples }, (_, i) => i % classes),
    [samples],
    'int32',
  );
}

/** Values that a trained model might have: initial ones are so small that everything is nearly linear. */
export function scattered<M extends Module<never, unknown>>(model: M): M {
  for (const [name, parameter] of model.namedParameters()) {
    const centre = /(norm|bn)[^.]*\.weight$/.test(name) ? 1 : 0;
    const values = randomStream(6, name).normal(parameter.size, centre, 0.25);
    tidy(() => parameter.assign(tensor(values, [...parameter.shape])));
  }
  return model;
}
