import { ladder } from '@tapgrad/ladder';
import { crossEntropy, T5, t5Presets } from '@tapgrad/nn';
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { lora } from '../lora.ts';
import type { HeadlineCase } from './case.ts';

const [batch, tokens, decoderTokens] = [100, 128, 2];
/** Beside every fourth block of each stack the published ladder has no side block. */
const drop = [0, 4, 8];

/** LST: T5-base, batch 100, 128 tokens; GLUE's labels are a token and the end of the sequence. */
export const t5: HeadlineCase = {
  shape: 'T5-base, batch 100, 128 tokens',
  model: () => new T5({ ...t5Presets['t5-base'], dropout: 0.1 }),
  batch: {
    inputs: [
      { shape: [batch, tokens], dtype: 'int32' },
      { shape: [batch, decoderTokens], dtype: 'int32' },
    ],
    targets: { shape: [batch * decoderTokens], dtype: 'int32' },
  },
  loss: (scores, { targets }) => crossEntropy(reshape(scores, [batch * decoderTokens, -1]), targets as Tensor),
  methods: {
    full: () => [],
    'LoRA, r = 32': () => [lora({ at: '**.{query,value}', rank: 32, alpha: 32, trains: '' })],
    'ladder, r = 8': () => [ladder({ blocks: '*.layers.*', reduction: 8, drop, init: 'random' })],
  },
};
