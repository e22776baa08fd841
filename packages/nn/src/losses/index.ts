export { type BinaryCrossEntropyOptions, binaryCrossEntropy } from './binary-cross-entropy.ts';
export { type CosineEmbeddingOptions, cosineEmbedding, cosineSimilarity } from './cosine.ts';
export { type CrossEntropyOptions, crossEntropy } from './cross-entropy.ts';
export { type KlDivergenceOptions, klDivergence } from './kl-divergence.ts';
export type { Reduction, ReductionOption } from './reduction.ts';
export { type HuberOptions, huber, meanAbsoluteError, meanSquaredError } from './regression.ts';
export type { Targets } from './targets.ts';
