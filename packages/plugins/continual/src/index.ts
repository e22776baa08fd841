export { aGem } from './a-gem/index.ts';
export { projected } from './a-gem/math.ts';
export type { AGemOptions } from './a-gem/options.ts';
export { antiTransfer } from './anti-transfer/index.ts';
export type { AntiTransferOptions } from './anti-transfer/options.ts';
export { columns, logitsOf } from './base/logits.ts';
export { der } from './der/index.ts';
export { storedLogitsError } from './der/math.ts';
export type { DerOptions } from './der/options.ts';
export { derpp } from './derpp/index.ts';
export type { DerppOptions } from './derpp/options.ts';
export { er } from './er/index.ts';
export type { ErOptions } from './er/options.ts';
export { ewc, onlineEwc } from './ewc/index.ts';
export type { EwcOptions, OnlineEwcOptions } from './ewc/options.ts';
export { featureDistillation } from './feature-distillation/index.ts';
export type { FeatureDistillationOptions } from './feature-distillation/options.ts';
export {
  type FpfOptions,
  fpf,
  type KFpfOptions,
  kFpf,
  type Phase,
  type RefreshReport,
  refreshReport,
  type SensitivityReport,
} from './fpf/index.ts';
export { growingHead } from './growing-head/index.ts';
export type { GrowingHeadOptions } from './growing-head/options.ts';
export { type ClassVectorSource, type ClassVectors, parseClassVectors } from './lingocl/class-vectors.ts';
export {
  classVectorsJson,
  classVectorsSafetensors,
  type EncodeClassNamesOptions,
  encodeClassNames,
  type TextEmbedder,
} from './lingocl/encode-class-names.ts';
export { lingoCL } from './lingocl/index.ts';
export type { LingoCLOptions } from './lingocl/options.ts';
export { lwf } from './lwf/index.ts';
export type { LwfOptions } from './lwf/options.ts';
export { memory } from './memory/index.ts';
export type { MemoryOptions } from './memory/options.ts';
export { type Augment, drawReplay } from './memory/replay.ts';
export { memoryOf, type ReplayMemory } from './memory/replay-memory.ts';
export { prd } from './prd/index.ts';
export type { PrdOptions, ViewOf } from './prd/options.ts';
export { si } from './si/index.ts';
export type { SiOptions } from './si/options.ts';
export { type WeightAveragingOptions, weightAveraging } from './weight-averaging/index.ts';
export { type ReferenceBatch, type ReferenceSource, type ZsclOptions, zscl } from './zscl/index.ts';
