export { columns, logitsOf } from './base/logits.ts';
export { type WeightAveragingOptions, weightAveraging } from './weight-averaging/index.ts';
export { type ReferenceBatch, type ReferenceSource, type ZsclOptions, zscl } from './zscl/index.ts';
