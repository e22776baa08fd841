export type { FileSource } from '../weights/source.ts';
export { folderSource } from './folder-source.ts';
export { readSafetensorsFile, writeSafetensorsFile } from './safetensors-file.ts';
