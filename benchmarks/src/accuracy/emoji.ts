import { useWasm } from '@tapgrad/backend-wasm';
import { randomStream } from '@tapgrad/core';
import { tensorBatches } from '@tapgrad/train';
import { concat, dispose, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { Report } from '../report.ts';
import { loadEmoji } from './data/emoji.ts';
import { splitImages } from './data/split.ts';
import { compare } from './experiment/compare.ts';
import { chosen, type ExperimentOptions } from './experiment/options.ts';
import { summarize } from './experiment/summary.ts';
import { emojiMethods } from './methods/emoji.ts';
import { featuresBelow, MobileNetTop } from './models/mobilenet-top.ts';
import { pretrainedMobileNet } from './models/pretrained-mobilenet.ts';

const sizes = { fit: 870, validation: 220, test: 546 } as const;
const side = 96;
/** The last five of seventeen blocks train. */
const firstBlock = 12;
const epochs = 8;
const batchSize = 32;
// One split for all seeds, which draw the new classifier and the order.
const splitSeed = 16;

/** Noto emoji by category, by the top of a pretrained MobileNetV2. */
export async function emoji(options: ExperimentOptions): Promise<Report> {
  const images = loadEmoji();
  await useWasm();
  const parts = splitImages(images, [sizes.fit, sizes.validation, sizes.test], splitSeed);
  const trunk = await pretrainedMobileNet(images.labels.length, randomStream(0, 'unused'));
  const [fit, validation, test] = parts.map((part) => ({
    inputs: featuresBelow(trunk, firstBlock, part, side),
    targets: tensor1d(Int32Array.from(part.classes), 'int32'),
  })) as [FeatureSet, FeatureSet, FeatureSet];
  trunk.dispose();
  const train = {
    inputs: concat([fit.inputs, validation.inputs]),
    targets: concat([fit.targets, validation.targets]),
  };
  const shuffled = (seed: number) => ({ batchSize, shuffle: true, seed, dropLast: true });
  const judging = { batchSize: 128 };
  const rows = await compare<MobileNetTop>({
    methods: chosen(emojiMethods, options.methods),
    seeds: options.seeds,
    epochs,
    async build(seed) {
      const model = await pretrainedMobileNet(images.labels.length, randomStream(seed, 'classifier'));
      return new MobileNetTop(model, firstBlock);
    },
    parts: (seed) => ({
      train: tensorBatches(train, shuffled(seed)),
      test: tensorBatches(test, judging),
      fit: tensorBatches(fit, shuffled(seed)),
      validation: tensorBatches(validation, judging),
    }),
  });
  dispose([fit, validation, test, train]);
  return summarize({
    experiment: 'emoji',
    about: `${images.labels.length} categories of Noto emoji at ${side} px by MobileNetV2 of npm nsfwjs, features cached below the last ${17 - firstBlock} blocks: ${sizes.fit + sizes.validation} training images, ${epochs} epochs, ${sizes.test} test images; the commonest category has ${(100 * commonest(parts[2]!.classes)).toFixed(1)} %`,
    seeds: options.seeds,
    rows,
    addTo: options.add ? options.out : undefined,
  });
}

type FeatureSet = Readonly<Record<'inputs' | 'targets', Tensor>>;

/** Share of the commonest class. */
function commonest(classes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const each of classes) counts.set(each, (counts.get(each) ?? 0) + 1);
  return Math.max(...counts.values()) / classes.length;
}
