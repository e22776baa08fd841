import type { Module } from '@tapgrad/core';
import { MobileNetV2, ResNet, resnetArchitectures, VisionTransformer, visionTransformerPresets } from '@tapgrad/nn';
import { type BuiltInModel, labels, type Sizes } from './built-in-model.ts';

interface ImageModel {
  readonly blocks: string;
  readonly head: string;
  /** Pixels a side, and classes, that it was published with. */
  readonly image: number;
  readonly classes: number;
  build(sizes: { classes: number; image: number }): Module;
}

function imageModel({ blocks, head, image, classes, build }: ImageModel): BuiltInModel {
  const pixels = (sizes: Sizes) => sizes.image ?? image;
  const count = (sizes: Sizes) => sizes.classes ?? classes;
  return {
    blocks,
    head,
    classes: count,
    build: (sizes) => build({ classes: count(sizes), image: pixels(sizes) }),
    batch: (sizes) => ({
      inputs: { shape: [sizes.batch, pixels(sizes), pixels(sizes), 3] },
      targets: labels(sizes.batch),
    }),
    describe: (sizes) => `${sizes.batch} images of ${pixels(sizes)} x ${pixels(sizes)}, ${count(sizes)} classes`,
  };
}

const transformers = Object.entries(visionTransformerPresets).map(([name, preset]) => [
  name,
  imageModel({
    blocks: 'layers.*',
    head: 'head',
    image: 224,
    classes: 1000,
    build: ({ classes, image }) => new VisionTransformer({ ...preset, classes, imageSize: image }),
  }),
]);

const residualNetworks = (Object.keys(resnetArchitectures) as (keyof typeof resnetArchitectures)[]).map((name) => [
  name,
  imageModel({
    blocks: 'layer*.*',
    head: 'fc',
    image: name.endsWith('cifar') ? 32 : 224,
    classes: name.endsWith('cifar') ? 10 : 1000,
    build: ({ classes }) => new ResNet({ architecture: name, classes }),
  }),
]);

export const imageModels: Readonly<Record<string, BuiltInModel>> = {
  ...Object.fromEntries([...transformers, ...residualNetworks]),
  'mobilenet-v2': imageModel({
    blocks: 'blocks.*',
    head: 'classifier',
    image: 224,
    classes: 1000,
    build: ({ classes }) => new MobileNetV2({ classes }),
  }),
};
