export { columns, logitsOf } from './base/logits.ts';
export { memory } from './memory/index.ts';
export type { MemoryOptions } from './memory/options.ts';
export { memoryOf, type ReplayMemory } from './memory/replay-memory.ts';
export { type WeightAveragingOptions, weightAveraging } from './weight-averaging/index.ts';
export { type ReferenceBatch, type ReferenceSource, type ZsclOptions, zscl } from './zscl/index.ts';
