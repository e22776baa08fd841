import { randomStream } from '@tapgrad/core';
import { type TowerOutputs, TwoTowers } from '@tapgrad/ladder';
import { TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { add, mean, scalar, square, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ModelSpec } from '../plugin/plugin-spec.ts';
import { scattered } from './models.ts';

const [samples, clips, words] = [3, 5, 4];
const blocks = { heads: 2, layers: 3, hidden: 16 } as const;

/**
 * Videos `[3, 5, 8, 8, 1]` of 5 clips through a vision transformer `video` of width 8, and queries `[3, 4]`, padded with -1,
 * through a text encoder `query` of width 6, with 3 blocks `layers.*` each. Targets are moments in clips and saliencies.
 */
export const tinyTwoTowers: ModelSpec = {
  name: 'two-towers',
  model() {
    const random = randomStream(5, 'two-towers');
    const video = new VisionTransformer({ ...blocks, width: 8, imageSize: 8, patchSize: 4, channels: 1, random });
    const query = new TextEncoder({ ...blocks, width: 6, vocabularySize: 20, maxTokens: words, random });
    return scattered(new TwoTowers(video, query));
  },
  batch(index) {
    const random = randomStream(9, 'two-towers', index);
    const video = tensor(random.uniform(samples * clips * 64), [samples, clips, 8, 8, 1]);
    const ids = Int32Array.from({ length: samples * words }, (_, i) =>
      i % words < words - Math.floor(i / words) ? random.integer(20) : -1,
    );
    return {
      inputs: [video, tensor(ids, [samples, words], 'int32')],
      targets: {
        spans: tensor([0, 2, 3, 5, 1, 4, 0, 0, 0, 5, 0, 0], [samples, 2, 2], 'float32'),
        saliency: tensor(random.uniform(samples * clips), [samples, clips]),
      },
    };
  },
  /** Of the towers alone; moments have the plugin's own terms. */
  loss(outputs) {
    if (typeof outputs !== 'object' || outputs === null || 'boundaries' in outputs) return scalar(0);
    const { video, query } = outputs as TowerOutputs;
    return add(mean(square(video as Tensor)), mean(square(query as Tensor)));
  },
};
