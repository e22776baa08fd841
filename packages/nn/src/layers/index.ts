export {
  type ActivationName,
  activation,
  ELU,
  GELU,
  HardSigmoid,
  HardSwish,
  Identity,
  LeakyReLU,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from './activations.ts';
export { isMaskOver, seenByAny, withKeysInFront } from './attention-mask.ts';
export { BatchNorm2d, type BatchNormOptions, freezeStatistics } from './batch-norm-2d.ts';
export { chain } from './chain.ts';
export { Conv2d, type ConvOptions, DepthwiseConv2d } from './conv-2d.ts';
export { Dropout } from './dropout.ts';
export { Embedding, type EmbeddingOptions } from './embedding.ts';
export { FeedForward, type FeedForwardOptions } from './feed-forward.ts';
export { Linear, type LinearOptions } from './linear.ts';
export { paddingMask, tokenMask } from './masks.ts';
export { MultiHeadAttention, type MultiHeadAttentionOptions } from './multi-head-attention.ts';
export { LayerNorm, type LayerNormOptions, RMSNorm, type RmsNormOptions } from './normalization.ts';
export type { Pair, RandomOption } from './options.ts';
export type { Padding } from './padding.ts';
export { AvgPool2d, GlobalAveragePool, MaxPool2d, MeanPool, type PoolOptions } from './pooling.ts';
export { sinusoidalPositions } from './positions.ts';
export { Sequential } from './sequential.ts';
export { TransformerBlock, type TransformerBlockOptions } from './transformer-block.ts';
