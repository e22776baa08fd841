import { labelsOf, type Task, WeightMaker } from '../../task.ts';

/** Sizes of a residual network for small images: a 3x3 stem, then stages of one basic block. */
export interface CnnSizes {
  readonly batch: number;
  /** Height and width of the images, which have three channels. */
  readonly pixels: number;
  /** Channels of each stage; each after the first halves the image. */
  readonly channels: readonly number[];
  readonly classes: number;
  readonly epsilon: number;
}

/** `inputs` are images `[batch, pixels, pixels, 3]`. */
export type CnnTask = Task<'cnn', CnnSizes>;

export const imageChannels = 3;

/** ResNet-8 for images like CIFAR's, shortcuts by projection. */
export const cnnSizes: CnnSizes = { batch: 16, pixels: 32, channels: [16, 32, 64], classes: 10, epsilon: 1e-5 };

/** Small enough to try the program. */
export const tinyCnn: CnnSizes = { ...cnnSizes, batch: 2, pixels: 8, channels: [4, 8] };

/** One seeded batch and the initial weights; convolutions are `[height, width, in, out]`. */
export function cnnTask(seed: number, sizes: CnnSizes = cnnSizes): CnnTask {
  const { batch, pixels, channels, classes } = sizes;
  const make = new WeightMaker(seed);
  const conv = (name: string, size: number, from: number, to: number) =>
    make.add(`${name}.weight`, [size, size, from, to], Math.sqrt(2 / (size * size * from)));
  conv('stem', 3, imageChannels, channels[0]!);
  make.norm('norm', channels[0]!);
  channels.forEach((to, stage) => {
    const from = channels[stage - 1] ?? to;
    const name = `stages.${stage}`;
    conv(`${name}.conv1`, 3, from, to);
    make.norm(`${name}.bn1`, to);
    conv(`${name}.conv2`, 3, to, to);
    make.norm(`${name}.bn2`, to);
    if (stage === 0) return;
    conv(`${name}.downsample.0`, 1, from, to);
    make.norm(`${name}.downsample.1`, to);
  });
  make.linear('head', channels.at(-1)!, classes);
  return {
    network: 'cnn',
    sizes,
    weights: make.weights,
    inputs: make.normal(batch * pixels * pixels * imageChannels),
    inputShape: [batch, pixels, pixels, imageChannels],
    labels: labelsOf(sizes),
  };
}
