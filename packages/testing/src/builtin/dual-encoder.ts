import { type Batch, randomStream } from '@tapgrad/core';
import {
  DualEncoder,
  type DualEncoderOutputs,
  Linear,
  TextEncoder,
  VisionTransformer,
  zeroShotLoss,
} from '@tapgrad/nn';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ModelSpec } from '../plugin/plugin-spec.ts';
import { scattered } from './models.ts';

const [samples, classes, words] = [4, 3, 4];
const blocks = { heads: 2, layers: 1, hidden: 12 } as const;

/**
 * Images `[4, 8, 8, 1]` through a vision transformer of width 8 and 3 texts `[3, 4]`, padded with -1, through a text encoder of
 * width 6, both to a space of width 5. Targets are the images' texts.
 */
export const tinyDualEncoder: ModelSpec = {
  name: 'dual-encoder',
  model() {
    const random = randomStream(5, 'dual-encoder');
    const model = new DualEncoder({
      image: new VisionTransformer({ ...blocks, width: 8, imageSize: 8, patchSize: 4, channels: 1, random }),
      text: new TextEncoder({ ...blocks, width: 6, vocabularySize: 20, maxTokens: words, random }),
      imageProjection: new Linear(8, 5, { bias: false, random }),
      textProjection: new Linear(6, 5, { bias: false, random }),
      temperature: 0.2,
    });
    return scattered(model);
  },
  batch(index) {
    return {
      inputs: [tinyImages(index), tinyTexts(index)],
      targets: tensor(
        Int32Array.from({ length: samples }, (_, i) => i % classes),
        [samples],
        'int32',
      ),
    };
  },
  loss: (outputs: unknown, batch: Batch) => zeroShotLoss(outputs as DualEncoderOutputs, batch, { labelSmoothing: 0.2 }),
};

/** `[4, 8, 8, 1]`, the same for a number. */
export function tinyImages(index: number): Tensor {
  return tensor(randomStream(9, 'images', index).uniform(samples * 64), [samples, 8, 8, 1]);
}

/** `[3, 4]`, the same for a number. */
export function tinyTexts(index: number): Tensor {
  const random = randomStream(9, 'texts', index);
  const ids = Int32Array.from({ length: classes * words }, (_, i) =>
    i % words < words - Math.floor(i / words) ? random.integer(20) : -1,
  );
  return tensor(ids, [classes, words], 'int32');
}
