import { type Batch, type Module, randomStream } from '@tapgrad/core';
import { ResNet, TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

export type TestBatch = Batch & { inputs: Tensor; targets: Tensor };

const classes = 3;

/** 5 tokens of width 16 in 2 blocks `layers.*` with 2 heads. */
export function tinyViT(): VisionTransformer {
  const random = randomStream(5, 'vit');
  const sizes = { width: 16, heads: 2, layers: 2, hidden: 64, imageSize: 8, patchSize: 4, channels: 1, classes };
  return scattered(new VisionTransformer({ ...sizes, random }));
}

export function tinyText(): TextEncoder {
  const random = randomStream(5, 'text');
  const sizes = { width: 16, heads: 2, layers: 2, hidden: 64, maxTokens: 8, vocabularySize: 20, classes };
  return scattered(new TextEncoder({ ...sizes, random }));
}

/** Stages `layer1.*` and `layer2.*` of 2 blocks, 4 and 8 channels. */
export function tinyConvolutions(): ResNet {
  const random = randomStream(5, 'resnet');
  const architecture = { block: 'basic', stages: [2, 2], stem: 'cifar', channels: 4 } as const;
  return scattered(new ResNet({ architecture, inChannels: 1, classes, random }));
}

/** Images `[samples, 8, 8, 1]` and labels. The caller disposes them. */
export function imageBatch(samples = 3): TestBatch {
  const values = randomStream(9, 'images').uniform(samples * 64, 0, 1);
  return { inputs: tensor(values, [samples, 8, 8, 1]), targets: labels(samples) };
}

/** Token ids `[samples, 5]`, the last of them padding, and labels. The caller disposes them. */
export function textBatch(samples = 3): TestBatch {
  const random = randomStream(9, 'text');
  const ids = Int32Array.from({ length: samples * 5 }, (_, i) => (i % 5 < 4 ? random.integer(20) : -1));
  return { inputs: tensor(ids, [samples, 5], 'int32'), targets: labels(samples) };
}

function labels(samples: number): Tensor {
  return tensor(
    Int32Array.from({ length: samples }, (_, i) => i % classes),
    [samples],
    'int32',
  );
}

export function disposeBatch({ inputs, targets }: TestBatch): void {
  inputs.dispose();
  targets.dispose();
}

/** Values that a trained model might have: initial ones are so small that everything is nearly linear. */
function scattered<M extends Module<never, unknown>>(model: M): M {
  for (const [name, parameter] of model.namedParameters()) {
    const centre = /(norm|bn)[^.]*\.weight$/.test(name) ? 1 : 0;
    const values = randomStream(6, name).normal(parameter.size, centre, 0.25);
    tidy(() => parameter.assign(tensor(values, [...parameter.shape])));
  }
  return model;
}
