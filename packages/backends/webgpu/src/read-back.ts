import { TapgradError } from '@tapgrad/core';
import { type BackendValues, type DataType, util } from '@tensorflow/tfjs-core';
import type { DeviceFaults, Reading } from './device-faults.ts';
import type { BufferPool } from './memory/buffer-pool.ts';

/** What reads a buffer's first bytes without holding up the commands that follow. */
export class ReadBack {
  constructor(
    private readonly pool: BufferPool,
    private readonly faults: DeviceFaults,
    /** Encodes the copy behind all commands so far, and submits them. */
    private readonly copy: (from: GPUBuffer, to: GPUBuffer, bytes: number) => void,
  ) {}

  /** @throws TapgradError what happened on the device since the last read */
  values(source: GPUBuffer, dtype: DataType, bytes: number): Promise<BackendValues> {
    return this.faults.reading((reading) => this.copied(source, dtype, bytes, reading));
  }

  private async copied(source: GPUBuffer, dtype: DataType, bytes: number, reading: Reading): Promise<BackendValues> {
    const { buffer } = this.pool.acquire(bytes, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    try {
      this.copy(source, buffer, bytes);
      await this.mapped(buffer, bytes, reading);
      this.faults.raise(reading);
      return util.convertBackendValuesAndArrayBuffer(buffer.getMappedRange(0, bytes).slice(0), dtype);
    } finally {
      if (buffer.mapState === 'mapped') buffer.unmap();
      this.pool.releaseBuffer(buffer);
    }
  }

  /** @throws TapgradError `WEBGPU_SYNC_READ` where the engine can only be waited for: tfjs reads at once by way of a canvas; `WEBGPU_DEVICE_LOST` */
  refuseSynchronous(): void {
    this.faults.refuseIfLost();
    if (typeof OffscreenCanvas === 'function') return;
    throw new TapgradError({
      code: 'WEBGPU_SYNC_READ',
      message: 'values that are on the device were asked for at once, and WebGPU in Node can only be waited for',
      fix: 'read with await tensor.data(); before an op that looks at values on the host, await data() of the tensor that it looks at',
    });
  }

  private async mapped(buffer: GPUBuffer, bytes: number, reading: Reading): Promise<void> {
    try {
      await buffer.mapAsync(GPUMapMode.READ, 0, bytes);
    } catch (cause) {
      await this.faults.raiseCause(reading);
      throw cause;
    }
  }
}
