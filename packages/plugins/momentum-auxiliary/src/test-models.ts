import { attach, type Batch, type Module, type Plugin, randomStream, type Stack } from '@tapgrad/core';
import { crossEntropy, ResNet, TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** Models, batches and stacks for this package's tests. */
export type ImageBatch = Batch & { readonly inputs: Tensor; readonly targets: Tensor };

export function tinyResNet(stages: readonly number[] = [2, 2], channels = 4): ResNet {
  const architecture = { block: 'basic', stages, stem: 'cifar', channels } as const;
  return scattered(new ResNet({ architecture, inChannels: 1, classes: 3, random: randomStream(5, 'resnet') }));
}

export function tinyVisionTransformer(layers = 3): VisionTransformer {
  const sizes = { width: 8, heads: 2, layers, hidden: 16, imageSize: 8, patchSize: 4, channels: 1 } as const;
  return scattered(new VisionTransformer({ ...sizes, classes: 3, random: randomStream(5, 'transformer') }));
}

export function tinyTextEncoder(): TextEncoder {
  const sizes = { vocabularySize: 20, width: 8, heads: 2, layers: 2, hidden: 16, maxTokens: 8 } as const;
  return scattered(new TextEncoder({ ...sizes, classes: 3, random: randomStream(5, 'encoder') }));
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

/** Images `[batch, 8, 8, 1]` in [0, 1] and labels of 3 classes. The caller disposes them. */
export function imageBatch(index = 0, batch = 4): ImageBatch {
  const pixels = randomStream(9, 'images', index).uniform(batch * 64, 0, 1);
  return { inputs: tensor(pixels, [batch, 8, 8, 1]), targets: labels(batch, index) };
}

export function labels(batch: number, shift = 0): Tensor {
  const values = Int32Array.from({ length: batch }, (_, i) => (i + shift) % 3);
  return tensor(values, [batch], 'int32');
}

export function disposeBatch({ inputs, targets }: ImageBatch): void {
  inputs.dispose();
  targets.dispose();
}

export function attached(model: Module<never, Tensor>, ...plugins: Plugin[]): Stack<Tensor> {
  return attach(model, plugins, { loss: crossEntropy, optimizer: sgd({ learningRate: 0.05 }), seed: 3 });
}

export type Values = Record<string, number[]>;

/** Gradients of one batch and the values of its loss terms, on the host. */
export function differentiated(
  stack: Stack<Tensor>,
  batch: Batch,
): { gradients: Values; terms: Record<string, number> } {
  const made = stack.gradientsOf(batch);
  const gradients = Object.fromEntries([...made.gradients].map(([name, each]) => [name, [...each.dataSync()]]));
  const terms = Object.fromEntries(
    Object.entries(made.terms).map(([name, each]) => [name, each.dataSync()[0] as number]),
  );
  made.dispose();
  return { gradients, terms };
}

export function valuesOf(tensors: ReadonlyMap<string, Tensor>): Values {
  return Object.fromEntries([...tensors].map(([name, each]) => [name, [...each.dataSync()]]));
}

export async function losses(stack: Stack<Tensor>, batch: Batch, steps: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < steps; i++) all.push(await (await stack.step(batch)).loss);
  return all;
}
