export {
  contrastiveLoss,
  DualEncoder,
  type DualEncoderOptions,
  type DualEncoderOutputs,
  zeroShotLogits,
  zeroShotLoss,
} from './dual-encoder.ts';
export * from './mobilenet/index.ts';
export * from './resnet/index.ts';
export * from './sentence-encoder/index.ts';
export * from './t5/index.ts';
export { TextEncoder, type TextEncoderOptions } from './text-encoder.ts';
export { VisionTransformer, type VisionTransformerOptions, visionTransformerPresets } from './vision-transformer.ts';
