import { biasTuning, derivativeCodes, groupwiseCodes, s2a } from '@tapgrad/activation-compression';
import { ladder, sherl } from '@tapgrad/ladder';
import { VisionTransformer, visionTransformerPresets } from '@tapgrad/nn';
import { prefixTokens, promptTokens, queryTokens } from '@tapgrad/query-tokens';
import { lora } from '../lora.ts';
import type { HeadlineCase } from './case.ts';

const classes = 100;

/** S2A and VQT: ViT-B/16, batch 64, 224 px. */
export const visionTransformer: HeadlineCase = {
  shape: 'ViT-B/16, batch 64, 224 px',
  model: () => new VisionTransformer({ ...visionTransformerPresets['vit-b/16'], classes }),
  batch: { inputs: { shape: [64, 224, 224, 3] }, targets: { shape: [64], dtype: 'int32' } },
  methods: {
    full: () => [],
    'LoRA r=8': () => [lora({ at: 'layers.*.attention.qkv', rank: 8, alpha: 16, trains: 'head.**' })],
    'full, derivative and group-wise codes': () => [derivativeCodes(), groupwiseCodes()],
    S2A: () => [s2a()],
    biases: () => [biasTuning()],
    'ladder, r = 8': () => [ladder({ reduction: 8, init: 'random', head: { classes } })],
    'SHERL, r = 8': () => [sherl({ reduction: 8, head: { classes } })],
    'prompts, 10 a block': () => [promptTokens({ count: 10 })],
    'prefix, 10 a block': () => [prefixTokens({ count: 10, parametrization: 'direct' })],
    'query tokens, T = 10': () => [queryTokens({ count: 10, head: { classes } })],
    'query tokens, T = 10, recomputed': () => [queryTokens({ count: 10, head: { classes }, keep: 'recompute' })],
  },
};
