import { type OffDeviceCount, shareIfAlive } from '@tapgrad/core';
import { type DataType, type Tensor, util } from '@tensorflow/tfjs-core';
import { copyToHost, type HostCopy, toDevice } from '../host/host-copy.ts';
import type { Departure } from './forward-record.ts';
import type { OpenStore, StoredFile } from './store.ts';

export interface AwayServices {
  readonly offDevice: OffDeviceCount;
  readonly store: OpenStore | undefined;
  readonly departure: Departure;
}

/** A saved value that has left the device, or is leaving it. */
export class AwayValue {
  readonly bytes: number;
  private readonly source: { readonly dataId: Tensor['dataId']; readonly shape: number[]; readonly dtype: DataType };
  private readonly copy: HostCopy;
  private file: StoredFile | undefined;
  /** Of the copy here; a store counts its own. */
  private hostBytes = 0;
  private open = true;

  constructor(
    value: Tensor,
    private readonly services: AwayServices,
  ) {
    const { dataId, shape, dtype } = value;
    this.source = { dataId, shape, dtype };
    this.bytes = value.size * util.bytesPerElement(dtype);
    this.copy = copyToHost(value);
    this.count(this.bytes);
    if (this.copy.arrived) this.arrived();
    else {
      // A failure is told to whoever restores the value.
      this.copy.arrival.then(() => this.arrived()).catch(() => services.departure.left());
    }
  }

  /** The value again, a new tensor. */
  async restore(): Promise<Tensor> {
    const living = this.forwarded();
    if (living) return living;
    if (!this.file) await this.copy.whenArrived();
    return this.uploaded(this.file ? await this.file.load() : this.copy.values);
  }

  /** As `restore`, where nothing need be waited for but a file. */
  restoreNow(): Tensor {
    return this.forwarded() ?? this.uploaded(this.file ? this.file.loadNow() : this.copy.values);
  }

  prefetch(): void {
    if (this.file) this.file.prefetch();
    // Whoever waits for it makes it come; what becomes of it is seen by `restore`.
    else if (!this.copy.arrived) this.copy.whenArrived().catch(() => undefined);
  }

  discard(): void {
    if (!this.open) return;
    this.open = false;
    this.copy.free();
    this.count(-this.hostBytes);
    this.file?.remove();
  }

  private arrived(): void {
    const { store, departure } = this.services;
    const { values } = this.copy;
    departure.copied();
    if (!this.open || !store || !values) {
      departure.left();
      return;
    }
    const { shape, dtype } = this.source;
    this.file = store.store(values, `${shape.join('x') || 'scalar'}-${dtype}`);
    this.copy.free();
    this.count(-this.hostBytes);
    store.whenIdle(() => departure.left());
  }

  /** The device's own copy, where somebody else keeps it alive: nothing need come back. */
  private forwarded(): Tensor | undefined {
    return shareIfAlive(this.source);
  }

  private uploaded(values: Parameters<typeof toDevice>[0]): Tensor {
    return toDevice(values, this.source.shape, this.source.dtype);
  }

  private count(bytes: number): void {
    this.hostBytes += bytes;
    this.services.offDevice.add('host', bytes);
  }
}
