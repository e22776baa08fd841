import { type OffDeviceCount, TapgradError } from '@tapgrad/core';
import type { TypedArray } from '@tensorflow/tfjs-core';
import type { StoredFile } from '../tensor-cache/store.ts';
import type { FileQueue, Job } from './file-queue.ts';

interface Place {
  readonly path: string;
  readonly writing: FileQueue;
  readonly reading: FileQueue;
  readonly offDevice: OffDeviceCount;
  /** Lets go of everything that the disk has by now. */
  readonly settle: () => void;
}

/** A value in memory until the disk has it, and again when it was read. */
export class FileValue implements StoredFile {
  readonly writing: Job;
  readonly bytes: number;
  private memory: SharedArrayBuffer | undefined;
  private reading: Job | undefined;
  private onDisk = false;
  private open = true;
  private readonly typed: (bytes: SharedArrayBuffer) => TypedArray;

  constructor(
    values: TypedArray,
    private readonly place: Place,
  ) {
    this.bytes = values.byteLength;
    const kind = values.constructor as new (bytes: SharedArrayBuffer) => TypedArray;
    this.typed = (bytes) => new kind(bytes);
    this.remember(new SharedArrayBuffer(this.bytes));
    this.typed(this.memory as SharedArrayBuffer).set(values);
    this.writing = place.writing.run({ kind: 'store', path: place.path, bytes: this.memory as SharedArrayBuffer });
  }

  /** Whether nothing need be done for it any more; the memory goes once the disk has it. */
  settled(): boolean {
    if (!this.open || this.writing.failure !== undefined) return true;
    if (!this.writing.done) return false;
    if (!this.onDisk) {
      this.onDisk = true;
      this.place.offDevice.add('disk', this.bytes);
      if (!this.reading) this.forget();
    }
    return true;
  }

  prefetch(): void {
    this.place.settle();
    if (!this.open || this.memory || this.reading) return;
    const bytes = this.remember(new SharedArrayBuffer(this.bytes));
    this.reading = this.place.reading.run({ kind: 'load', path: this.place.path, bytes });
  }

  async load(): Promise<TypedArray> {
    this.mustBeStored();
    this.prefetch();
    // What is in memory is given at once: during a wait the disk may get hold of it, and memory go.
    if (this.reading) await this.reading.finished;
    return this.loaded();
  }

  loadNow(): TypedArray {
    this.mustBeStored();
    this.prefetch();
    this.reading?.wait();
    return this.loaded();
  }

  remove(): void {
    if (!this.open) return;
    this.place.settle();
    this.open = false;
    if (this.onDisk) this.place.offDevice.add('disk', -this.bytes);
    this.forget();
    if (!this.writing.giveUp()) {
      this.place.writing.run({ kind: 'remove', path: this.place.path, bytes: new SharedArrayBuffer(0) });
    }
  }

  private remember(bytes: SharedArrayBuffer): SharedArrayBuffer {
    this.memory = bytes;
    this.place.offDevice.add('host', this.bytes);
    return bytes;
  }

  private forget(): void {
    if (this.memory) this.place.offDevice.add('host', -this.bytes);
    this.memory = undefined;
  }

  private loaded(): TypedArray {
    const code = this.reading?.failure;
    if (code !== undefined || !this.memory) throw failed('read', code ?? 'removed');
    return this.typed(this.memory);
  }

  /** A value that the disk did not take is still here; but the step must not go on as if it had. */
  private mustBeStored(): void {
    const code = this.writing.failure;
    if (code !== undefined) throw failed('written', code);
  }
}

function failed(what: string, code: string): TapgradError {
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new TapgradError({
    code: full ? 'OFFLOAD_DISK_FULL' : 'OFFLOAD_DISK',
    message: full ? 'the disk has no room for what is offloaded' : `a file of the run could not be ${what} (${code})`,
    plugin: 'offload',
    hook: 'save',
    fix: full
      ? 'make room, give disk({ folder }) another disk, or limit what is offloaded with budget'
      : 'leave the folder of the run alone, and see that it may be written to',
  });
}
