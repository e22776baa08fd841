import type { HostTransfer, HostValues } from '@tapgrad/core';
import { type DataId, type DataType, type TensorInfo, type TypedArray, util } from '@tensorflow/tfjs-core';
import { HostStaging } from './host-staging.ts';
import { TrainingBackend } from './training-backend.ts';

/** The training backend, from whose device values can leave for the host's memory without a wait. */
export class OffloadingBackend extends TrainingBackend implements HostTransfer {
  private readonly staging: HostStaging;

  constructor(...[device, ...rest]: ConstructorParameters<typeof TrainingBackend>) {
    super(device, ...rest);
    this.staging = new HostStaging({
      device,
      faults: this.faults,
      copy: (from, to, bytes) => this.encodeCopy(from, to, bytes),
      flush: () => this.flush(),
    });
  }

  toHost(dataId: DataId): HostValues {
    const { shape, dtype }: { shape: number[]; dtype: DataType } = this.tensorMap.get(dataId);
    return this.staging.copy(this.bufferOf({ dataId }), dtype, 4 * util.sizeFromShape(shape));
  }

  fromHost(values: TypedArray, shape: readonly number[], dtype: DataType): TensorInfo {
    const info = this.makeTensorInfo([...shape], dtype, values);
    // Values may be the buffer that they were copied to, and gone before anything else asks for them.
    this.onDevice(info);
    this.dataOf(info.dataId).values = null;
    return info;
  }

  override trim(): void {
    super.trim();
    this.staging.trim();
  }

  override submitQueue(): void {
    super.submitQueue();
    this.staging.submitted();
  }
}
