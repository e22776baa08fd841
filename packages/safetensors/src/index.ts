export { type DecodedElements, decodeElements, elementBytes, type SafetensorsDtype } from './dtype.ts';
export type { SafetensorsErrorCode } from './errors.ts';
export type { SafetensorsEntry } from './header.ts';
export { SafetensorsFile } from './read.ts';
export { encodeSafetensors, type HostTensor, saveSafetensors } from './write.ts';
