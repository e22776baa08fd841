import { detach, type HostValues, hostTransfer, isDataless } from '@tapgrad/core';
import {
  backend,
  type DataType,
  engine,
  fill,
  getBackend,
  keep,
  type Tensor,
  type TypedArray,
  tensor,
} from '@tensorflow/tfjs-core';

/** Values in the host's memory, or on their way there. */
export interface HostCopy extends HostValues {
  /** The device's copy, where it must live until the values have arrived. */
  readonly living?: Tensor | undefined;
}

/** Backends whose values the host reads without a wait. */
const readAtOnce = new Set(['cpu', 'wasm', 'tensorflow']);

/** Begins to copy a tensor's values to the host's memory, in the way that the current backend has for it. */
export function copyToHost(value: Tensor): HostCopy {
  if (isDataless()) return present(undefined);
  const transfer = hostTransfer();
  if (transfer) return transfer.toHost(value.dataId);
  if (!readAtOnce.has(getBackend())) return new LateCopy(value);
  const values = value.dataSync() as TypedArray;
  // The cpu backend gives the array that it computes with.
  return present(getBackend() === 'cpu' ? values.slice() : values);
}

/** Whether `copyToHost` has the values when it returns. */
export function copiesAtOnce(): boolean {
  return isDataless() || (!hostTransfer() && readAtOnce.has(getBackend()));
}

/** A new tensor on the device. Without values (of shapes alone) it has none. */
export function toDevice(values: TypedArray | undefined, shape: readonly number[], dtype: DataType): Tensor {
  if (!values) return fill([...shape], 0, dtype as 'float32');
  const transfer = hostTransfer();
  if (transfer) {
    // A device is not given memory that threads share.
    const own = values.buffer instanceof ArrayBuffer ? values : values.slice();
    return engine().makeTensorFromTensorInfo(transfer.fromHost(own, shape, dtype), backend());
  }
  return tensor(getBackend() === 'cpu' ? values.slice() : values, [...shape], dtype as 'float32');
}

function present(given: TypedArray | undefined): HostCopy {
  let values = given;
  return {
    arrived: true,
    get values() {
      return values;
    },
    arrival: Promise.resolve(),
    whenArrived: async () => {},
    free() {
      values = undefined;
    },
  };
}

/** By way of `data()`: the device's copy lives until the values have come. */
class LateCopy implements HostCopy {
  values: TypedArray | undefined;
  living: Tensor | undefined;
  readonly arrival: Promise<void>;

  constructor(value: Tensor) {
    const living = keep(detach(value));
    this.living = living;
    this.arrival = living.data().then((values) => {
      // Freed meanwhile: nobody wants them.
      if (!this.living) return;
      this.values = values as TypedArray;
      this.release();
    });
    // Whoever needs the values is told of a failure by `whenArrived`.
    this.arrival.catch(() => this.release());
  }

  get arrived(): boolean {
    return this.values !== undefined;
  }

  whenArrived(): Promise<void> {
    return this.arrival;
  }

  free(): void {
    this.values = undefined;
    this.release();
  }

  private release(): void {
    this.living?.dispose();
    this.living = undefined;
  }
}
