import type { DataType } from '@tensorflow/tfjs-core';

/** What a device's pool of memory holds, in bytes, those of all tensors on the device together. */
export interface DeviceMemory {
  /** Of buffers in use, as large as they really are. */
  readonly used: number;
  /** Of all buffers that the pool took from the device. */
  readonly reserved: number;
  /** The most of either since a ledger's peak was last reset. */
  readonly mostUsed: number;
  readonly mostReserved: number;
}

/** What a backend may tell of its memory beyond tfjs's interface. */
export interface MemoryOfBackend {
  /** Where elements take other bytes than tfjs counts. */
  bytesPerElement?(dtype: DataType): number;
  deviceMemory?(): DeviceMemory;
  resetDevicePeak?(): void;
}
