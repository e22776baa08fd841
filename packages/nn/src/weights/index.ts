export { type AssignOptions, assignWeights } from './assign.ts';
export { type EncodeTfjsOptions, encodeTfjsWeights } from './encode.ts';
export { kerasMobileNetV2Names } from './keras-names.ts';
export { decodeGroup, type WeightEntry, type WeightGroup, weightGroups } from './manifest.ts';
export * from './pytorch/index.ts';
export { type FileSource, memorySource, urlSource } from './source.ts';
export { loadTfjsWeights } from './tfjs.ts';
