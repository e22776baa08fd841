import { randomStream } from '@tapgrad/core';
import { assignWeights, VisionTransformer } from '@tapgrad/nn';
import { readSafetensorsFile } from '@tapgrad/nn/node';
import { dispose } from '@tensorflow/tfjs-core';

/** Pullover, coat and shirt: the classes that are hardest to tell apart, so that methods can differ on them. */
export const heldOutClasses = [2, 4, 6] as const;
/** What the model is pretrained on. */
export const pretrainingClasses = [0, 1, 3, 5, 7, 8, 9] as const;

/** 28 x 28 pixels in patches of 4: 49 tokens and the class token; four blocks of width 64. */
export function fashionVit(classes: number, seed: number): VisionTransformer {
  return new VisionTransformer({
    imageSize: 28,
    patchSize: 4,
    channels: 1,
    width: 64,
    heads: 4,
    layers: 4,
    classes,
    random: randomStream(seed, 'fashion-vit'),
  });
}

/** The pretrained model; with another number of classes it gets a new head of that many. */
export async function loadFashionVit(
  file: string,
  { classes = pretrainingClasses.length, seed = 1 }: { readonly classes?: number; readonly seed?: number } = {},
): Promise<VisionTransformer> {
  const weights = (await readSafetensorsFile(file)).tensors();
  const model = fashionVit(classes, seed);
  const isNew = classes !== pretrainingClasses.length;
  try {
    const kept = new Map([...weights].filter(([name]) => !isNew || !name.startsWith('head.')));
    assignWeights(model, kept, { optional: (name) => isNew && name.startsWith('head.') });
    return model;
  } finally {
    dispose([...weights.values()]);
  }
}
