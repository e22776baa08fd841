export {
  composeAugmentations,
  type ImageAugmentation,
  type RandomCropOptions,
  randomCrop,
  randomFlip,
} from './augmentations.ts';
export type { Batches, BatchSource, TrainingData } from './batch-source.ts';
export type { BatchingOptions } from './batching.ts';
export { type PaddedTokens, type PaddingOptions, padTokens } from './pad-tokens.ts';
export { type Collate, type StreamOptions, sampleBatches, streamBatches } from './sample-batches.ts';
export { tensorBatches } from './tensor-batches.ts';
