import type { Module } from '@tapgrad/core';
import { BatchNorm2d } from '../layers/batch-norm-2d.ts';
import { Conv2d, DepthwiseConv2d } from '../layers/conv-2d.ts';
import { Linear } from '../layers/linear.ts';
import { LayerNorm, RMSNorm } from '../layers/normalization.ts';

/** What a module takes and gives, as its layers tell. */
export interface LayerWidths {
  /** Channels of images, or width of vectors and tokens, that the first layer takes. */
  readonly input: number;
  /** The same of what the last layer gives. */
  readonly output: number;
  /** Whether there is a convolution: then values are `[batch, height, width, channels]`. */
  readonly images: boolean;
  /** Classes or features of the last linear layer. */
  readonly lastLinear: number | undefined;
}

/** Reads off the first and last layer with a size, in the order of properties; undefined if there is none. */
export function layerWidths(module: Module<never, unknown>): LayerWidths | undefined {
  const layers = [...module.namedModules().values()] as object[];
  const sizes = layers.flatMap((layer) => sizeOf(layer) ?? []);
  const [first, last] = [sizes[0], sizes.at(-1)];
  if (!first || !last) return undefined;
  return {
    input: first.input,
    output: last.output,
    images: layers.some((layer) => layer instanceof Conv2d || layer instanceof DepthwiseConv2d),
    lastLinear: layers.findLast((layer) => layer instanceof Linear)?.outFeatures,
  };
}

function sizeOf(layer: object): { readonly input: number; readonly output: number } | undefined {
  if (layer instanceof Conv2d) return { input: layer.inChannels, output: layer.outChannels };
  if (layer instanceof DepthwiseConv2d) {
    return { input: layer.channels, output: layer.channels * (layer.weight.shape[3] as number) };
  }
  if (layer instanceof BatchNorm2d) return { input: layer.channels, output: layer.channels };
  if (layer instanceof Linear) return { input: layer.inFeatures, output: layer.outFeatures };
  if (layer instanceof LayerNorm) return { input: layer.width, output: layer.width };
  if (layer instanceof RMSNorm && layer.weight) {
    return { input: layer.weight.size, output: layer.weight.size };
  }
  return undefined;
}
