export { offload } from './tensor-cache/index.ts';
export type { OffloadOptions } from './tensor-cache/options.ts';
export type { OffloadStore, OpenStore, StoredFile } from './tensor-cache/store.ts';
