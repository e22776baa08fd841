import type { RandomStream } from '@tapgrad/core';
import { assignWeights, kerasMobileNetV2Names, loadTfjsWeights, MobileNetV2, memorySource } from '@tapgrad/nn';
import { dispose } from '@tensorflow/tfjs-core';

/** A tfjs layers model as it lies in npm `nsfwjs`: its JSON and its shards, which are base64 text. */
export interface PackagedModel {
  /** `model.json` */
  readonly json: { readonly weightsManifest: readonly { readonly paths: readonly string[] }[] };
  readonly shards: readonly Uint8Array[];
}

/**
 * MobileNetV2 as npm `nsfwjs` 4.3.0 (MIT) carries it, uint8-quantised: Keras' weights for ImageNet, trained on to
 * classify photographs. Pixels go in as 0 to 1.
 */
export async function packagedMobileNet(): Promise<PackagedModel> {
  const { MobileNetV2Model } = await import('nsfwjs/models/mobilenet_v2');
  const json = ((await MobileNetV2Model.modelJson()) as { default: PackagedModel['json'] }).default;
  const shards = await Promise.all(
    MobileNetV2Model.weightBundles.map(async (read) => {
      const { default: text } = (await read()) as { default: string };
      return new Uint8Array(Buffer.from(text, 'base64'));
    }),
  );
  return { json, shards };
}

/** The trunk with pretrained weights and a new classifier. */
export async function pretrainedMobileNet(classes: number, random: RandomStream): Promise<MobileNetV2> {
  const { json, shards } = await packagedMobileNet();
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const files = new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
    ...paths.map((path, index) => [path, shards[index]!] as const),
  ]);
  const weights = await loadTfjsWeights(memorySource(files));
  const model = new MobileNetV2({ classes, padding: 'same', epsilon: 1e-3, dropout: 0, random });
  assignWeights(model, weights, {
    names: kerasMobileNetV2Names,
    optional: (name) => name.startsWith('classifier.'),
  });
  dispose([...weights.values()]);
  return model;
}
