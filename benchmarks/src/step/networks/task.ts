import { type CnnTask, cnnSizes, cnnTask, tinyCnn } from './cnn/task.ts';
import { type TransformerTask, tinyTransformer, transformerSizes, transformerTask } from './transformer/task.ts';

export type NetworkTask = TransformerTask | CnnTask;
export type NetworkName = NetworkTask['network'];

export const networkNames = ['transformer', 'cnn'] as const satisfies readonly NetworkName[];

/** `tiny` is for trying the program, not for figures. */
export const scales = ['full', 'tiny'] as const;
export type Scale = (typeof scales)[number];

/** One seeded batch and the initial weights of a network. */
export function makeTask(network: NetworkName, seed: number, scale: Scale = 'full'): NetworkTask {
  const full = scale === 'full';
  return network === 'cnn'
    ? cnnTask(seed, full ? cnnSizes : tinyCnn)
    : transformerTask(seed, full ? transformerSizes : tinyTransformer);
}

/** A task's network in words. */
export function describe(task: NetworkTask): string {
  if (task.network === 'cnn') {
    const { channels, batch, pixels } = task.sizes;
    return `ResNet-${2 + 2 * channels.length}, ${channels.join(', ')} channels, batch ${batch} of ${pixels} x ${pixels} pixels`;
  }
  const { layers, width, batch, tokens } = task.sizes;
  return `${layers}-layer pre-norm transformer, width ${width}, batch ${batch} x ${tokens} tokens`;
}
