import { type Batch, type Module, randomStream } from '@tapgrad/core';
import { ResNet, TextEncoder, type TextEncoderOptions } from '@tapgrad/nn';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** Models and batches for this package's tests. */
export function tinyEncoder(options: Partial<TextEncoderOptions> = {}): TextEncoder {
  const model = new TextEncoder({
    vocabularySize: 20,
    width: 16,
    heads: 2,
    layers: 3,
    hidden: 32,
    maxTokens: 8,
    classes: 3,
    random: randomStream(5, 'backbone'),
    ...options,
  });
  scatter(model);
  return model;
}

/** Values that a trained model might have: initial ones are so small that everything is nearly linear. */
export function scatter(model: Module<never, unknown>): void {
  for (const [name, parameter] of model.namedParameters()) {
    const centre = /(norm|bn)[^.]*\.weight$/.test(name) ? 1 : 0;
    const values = randomStream(6, name).normal(parameter.size, centre, 0.25);
    tidy(() => parameter.assign(tensor(values, [...parameter.shape])));
  }
}

/** Token ids `[batch, tokens]` of growing length, padded with -1, and labels. The caller disposes them. */
export function tinyBatch(batch = 4, tokens = 5, classes = 3): Batch & { inputs: Tensor; targets: Tensor } {
  const random = randomStream(9, 'batch');
  const ids = Int32Array.from({ length: batch * tokens }, (_, i) =>
    i % tokens < tokens - Math.floor(i / tokens / 2) ? random.integer(20) : -1,
  );
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  return { inputs: tensor(ids, [batch, tokens], 'int32'), targets: tensor(labels, [batch], 'int32') };
}

export function disposeBatch({ inputs, targets }: { inputs: Tensor; targets: Tensor }): void {
  inputs.dispose();
  targets.dispose();
}

export function randomTensor(shape: readonly number[], seed = 1): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(randomStream(seed, 'test').normal(size), [...shape]);
}

/** Images `[batch, 8, 8, 2]` to 3 classes by stages `layer1.*` and `layer2.*` of 2 blocks, 4 and 8 channels. */
export function tinyResNet(stages: readonly number[] = [2, 2]): ResNet {
  const model = new ResNet({
    architecture: { block: 'basic', stages, stem: 'cifar', channels: 4 },
    inChannels: 2,
    classes: 3,
    random: randomStream(5, 'backbone'),
  });
  scatter(model);
  return model;
}

/** Images `[batch, size, size, 2]` and labels. The caller disposes them. */
export function imageBatch(batch = 4, size = 8, classes = 3): Batch & { inputs: Tensor; targets: Tensor } {
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  return { inputs: randomTensor([batch, size, size, 2], 3), targets: tensor(labels, [batch], 'int32') };
}
