import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TapgradError } from '@tapgrad/core';
import type { TypedArray } from '@tensorflow/tfjs-core';
import type { OpenStore, StoredFile, StoreOptions } from '../tensor-cache/store.ts';
import { FileQueue } from './file-queue.ts';
import { FileValue } from './file-value.ts';
import { atProcessEnd } from './process-end.ts';

/** Files in one folder, a queue that writes and removes them, and one that reads. */
export class FolderStore implements OpenStore {
  private readonly writing = new FileQueue();
  private readonly reading = new FileQueue();
  /** Not known to be stored yet, in their order. */
  private readonly waiting: FileValue[] = [];
  private idle: (() => void)[] = [];
  private stamp = 0;
  private open = true;
  private readonly goOn: () => void;

  constructor(
    private readonly folder: string,
    private readonly options: StoreOptions,
  ) {
    this.goOn = atProcessEnd(() => this.removeFolder());
  }

  /**
   * Names are stamps: no two values of a run have the same, as device buffers have over time.
   * @throws TapgradError `OFFLOAD_DISK` after `close`: who had the value keeps it
   */
  store(values: TypedArray, name: string): StoredFile {
    if (!this.open) throw closed();
    this.settle();
    const { offDevice, waiting } = this.options;
    while (this.waiting.length > 0 && this.bytesWaiting() + values.byteLength > waiting) {
      this.waiting[0]?.writing.wait();
      this.settle();
    }
    const path = join(this.folder, `${this.stamp++}-${name}.bin`);
    const { writing, reading } = this;
    const value = new FileValue(values, { path, writing, reading, offDevice, settle: () => this.settle() });
    this.waiting.push(value);
    void value.writing.finished.then(() => this.settle());
    return value;
  }

  whenIdle(idle: () => void): void {
    this.idle.push(idle);
  }

  close(): void {
    this.open = false;
    this.writing.close();
    this.reading.close();
    this.settle();
    this.goOn();
    this.removeFolder();
  }

  private removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  private bytesWaiting(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Lets go of what the disk has; also called within a forward, which lets no promise settle. */
  private settle(): void {
    while (this.waiting[0]?.settled()) this.waiting.shift();
    if (this.waiting.length > 0) return;
    const { idle } = this;
    this.idle = [];
    for (const each of idle) each();
  }
}

function closed(): TapgradError {
  return new TapgradError({
    code: 'OFFLOAD_DISK',
    message: 'a value came to the disk after the plugin had been detached',
    plugin: 'offload',
    hook: 'save',
  });
}
