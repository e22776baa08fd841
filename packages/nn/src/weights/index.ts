export { decodeGroup, type WeightEntry, type WeightGroup, weightGroups } from './manifest.ts';
export { type FileSource, memorySource, urlSource } from './source.ts';
export { loadTfjsWeights } from './tfjs.ts';
