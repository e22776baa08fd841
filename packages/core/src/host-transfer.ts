import { backend, type DataId, type DataType, type TensorInfo, type TypedArray } from '@tensorflow/tfjs-core';

/** Values on their way from the device to the host's memory, or there. */
export interface HostValues {
  /** True when `values` may be read. */
  readonly arrived: boolean;
  /** Undefined until they have arrived. Valid until `free`. */
  readonly values: TypedArray | undefined;
  /** Settles when they have arrived, or are lost; they come with whatever the device is given next. */
  readonly arrival: Promise<void>;
  /** The same for those who wait: they come at once. */
  whenArrived(): Promise<void>;
  free(): void;
}

/**
 * What a backend offers on whose device the host cannot look: values leave it in the order of its work, so that their
 * buffer may be disposed at once and nothing waits.
 */
export interface HostTransfer {
  /** Begins to copy a buffer to the host's memory. */
  toHost(dataId: DataId): HostValues;
  /** A new tensor of values that have arrived; the engine, or the caller, owns it. */
  fromHost(values: TypedArray, shape: readonly number[], dtype: DataType): TensorInfo;
}

/** The current backend's way to the host's memory, if it has one of its own. */
export function hostTransfer(): HostTransfer | undefined {
  const current: object = backend();
  return 'toHost' in current && 'fromHost' in current ? (current as HostTransfer) : undefined;
}
