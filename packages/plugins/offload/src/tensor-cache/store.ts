import type { OffDeviceCount } from '@tapgrad/core';
import type { TypedArray } from '@tensorflow/tfjs-core';

/** One value on its way to the disk, or there. */
export interface StoredFile {
  /** Asks for it ahead of time. */
  prefetch(): void;
  load(): Promise<TypedArray>;
  /** As `load`, by waiting. */
  loadNow(): TypedArray;
  /** Deletes it, or does not write it if that has not begun. */
  remove(): void;
}

/** Where values go on from the host's memory, while a plugin is attached. */
export interface OpenStore {
  /** Begins to store a value, of which it keeps a copy until then. @param name says what it is: part of a file's name */
  store(values: TypedArray, name: string): StoredFile;
  /** Calls `idle` when nothing waits to be stored. */
  whenIdle(idle: () => void): void;
  /** Removes everything. */
  close(): void;
}

export interface StoreOptions {
  /** Told what is in the host's memory and on disk. */
  readonly offDevice: OffDeviceCount;
  /** Bytes that may wait in the host's memory; beyond that `store` waits. */
  readonly waiting: number;
}

/** A disk, as `disk()` of `@tapgrad/offload/disk` makes one for Node. */
export interface OffloadStore {
  open(options: StoreOptions): OpenStore;
}
