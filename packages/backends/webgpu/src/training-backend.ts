import { type BackendValues, type DataId, type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { cpuLanes } from './cpu-lanes.ts';
import type { PooledBuffer } from './memory/pooled-buffer.ts';
import { ReadBack } from './read-back.ts';
import { RuntimeBackend } from './runtime-backend.ts';
import type { Dispatch } from './shader.ts';
import type { TensorData } from './stock-backend.ts';

/** What kernels of this package run on: shaders with several outputs, beside those of tfjs. */
export class TrainingBackend extends RuntimeBackend {
  /** See `cpuLanes`; 0 where kernels share values by workgroup memory. */
  lanes: number;
  private readonly readBack: ReadBack;

  constructor(...[device, info, ...rest]: ConstructorParameters<typeof RuntimeBackend>) {
    super(device, info, ...rest);
    this.lanes = cpuLanes(device, info);
    this.readBack = new ReadBack(this.pool, this.faults, (from, to, bytes) => this.copyNow(from, to, bytes));
    // A buffer may be larger than the tensor in it, of which tfjs's synchronous read does not know.
    this.internals.convertAndCacheOnCPU = (dataId, values) => {
      const data = this.dataOf(dataId);
      const size = data.dtype === 'complex64' ? values.length : util.sizeFromShape(data.shape);
      data.values = values.length > size ? (values as Float32Array).slice(0, size) : values;
      return data.values;
    };
  }

  /** A tensor of this backend without values, on the device. The engine, or the caller, owns it. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    const info = this.makeTensorInfo([...shape], dtype);
    this.onDevice(info);
    return info;
  }

  /** Runs an own shader. Of what it writes, values that the host had are forgotten. */
  dispatch(dispatch: Dispatch): void {
    const buffers: PooledBuffer[] = [];
    for (const name in dispatch.read) buffers.push(this.pooled(dispatch.read[name]![0].dataId));
    for (const name in dispatch.write) {
      const { dataId } = dispatch.write[name]![0];
      buffers.push(this.pooled(dataId));
      // tfjs keeps what was read once; after a write in place that is the past.
      const data = this.dataOf(dataId);
      data.values = null;
      data.reading = undefined;
    }
    this.execution.own(dispatch, buffers);
    this.dispatched(dispatch.name);
  }

  /** The buffer of a tensor, on the device now if it was not yet. It may be larger than the tensor. */
  bufferOf({ dataId }: { dataId: DataId }): GPUBuffer {
    this.uploadToGPU(dataId);
    return this.dataOf(dataId).resource!;
  }

  /** Gives the idle memory of the pool back to the device. */
  trim(): void {
    this.flush();
    this.pool.trim();
  }

  /** For core's ledger: a boolean takes a word here. */
  bytesPerElement(dtype: DataType): number {
    return dtype === 'complex64' ? 8 : 4;
  }

  /** For core's ledger. */
  deviceMemory() {
    const { numBytesUsed: used, numBytesAllocated: reserved, peak } = this.pool;
    return { used, reserved, mostUsed: peak.used, mostReserved: peak.reserved };
  }

  resetDevicePeak(): void {
    this.pool.resetPeak();
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    const data = this.dataOf(dataId);
    if (data.values != null || data.dtype === 'complex64') return super.read(dataId);
    const size = util.sizeFromShape(data.shape);
    if (size === 0) return noneOf(data);
    const reading = {};
    data.reading = reading;
    const values = await this.readBack.values(this.bufferOf({ dataId }), data.dtype, 4 * size);
    if (data.reading === reading) data.values = values as Float32Array;
    return values;
  }

  override readSync(dataId: DataId): BackendValues {
    const data = this.dataOf(dataId);
    if (data.values == null && data.dtype !== 'complex64') {
      if (util.sizeFromShape(data.shape) === 0) return noneOf(data);
      this.readBack.refuseSynchronous();
    }
    super.readSync(dataId);
    return this.dataOf(dataId).values as Float32Array;
  }

  /** Copies behind all commands so far. */
  protected encodeCopy(from: GPUBuffer, to: GPUBuffer, bytes: number): void {
    this.pool.of(from).batch = this.execution.commands.batch;
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.internals.commandEncoder!.copyBufferToBuffer(from, 0, to, 0, bytes);
  }

  private copyNow(from: GPUBuffer, to: GPUBuffer, bytes: number): void {
    this.encodeCopy(from, to, bytes);
    this.submitQueue();
  }
}

function noneOf({ dtype }: TensorData): BackendValues {
  return util.getTypedArrayFromDType(dtype as 'float32', 0);
}
