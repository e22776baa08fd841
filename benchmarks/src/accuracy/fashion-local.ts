import { useWasm } from '@tapgrad/backend-wasm';
import { randomStream } from '@tapgrad/core';
import { ResNet } from '@tapgrad/nn';
import type { Report } from '../report.ts';
import { loadFashionMnist } from './data/fashion-mnist.ts';
import { imageBatches } from './data/image-batches.ts';
import type { ImageSet } from './data/image-set.ts';
import { splitImages } from './data/split.ts';
import { compare } from './experiment/compare.ts';
import { chosen, type ExperimentOptions } from './experiment/options.ts';
import { summarize } from './experiment/summary.ts';
import { fashionLocalMethods } from './methods/fashion-local.ts';

const sizes = { train: 4000, test: 2000 } as const;
const epochs = 2;
const batchSize = 64;
const splitSeed = 32;
// Decoders draw the image from 0 to 1, and the first batch norm takes care of the rest.
const scale = { mean: 0, deviation: 1 } as const;
const architecture = { block: 'basic', stages: [2, 2, 2], stem: 'cifar', channels: 8 } as const;

/** Fashion-MNIST from scratch by a residual network in gradient-isolated parts, against end-to-end training. */
export async function fashionLocal(options: ExperimentOptions): Promise<Report> {
  const { train, test } = loadFashionMnist();
  await useWasm();
  const [learnt] = splitImages(train, [sizes.train], splitSeed) as [ImageSet];
  const [judged] = splitImages(test, [sizes.test], splitSeed) as [ImageSet];
  const rows = await compare<ResNet>({
    methods: chosen(fashionLocalMethods, options.methods),
    seeds: options.seeds,
    epochs,
    build: (seed) => new ResNet({ architecture, inChannels: 1, classes: 10, random: randomStream(seed, 'resnet') }),
    parts(seed) {
      return {
        train: imageBatches(learnt, { batchSize, seed, scale }),
        test: imageBatches(judged, { batchSize: 100, scale }),
      };
    },
  });
  return summarize({
    experiment: 'fashion-local',
    about: `Fashion-MNIST from scratch by a residual network of six blocks, 8 to 32 channels: ${sizes.train} training images, ${epochs} epochs, ${sizes.test} test images`,
    seeds: options.seeds,
    rows,
    addTo: options.add ? options.out : undefined,
  });
}
