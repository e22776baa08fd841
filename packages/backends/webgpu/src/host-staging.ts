import type { HostValues } from '@tapgrad/core';
import type { DataType, TypedArray } from '@tensorflow/tfjs-core';
import type { DeviceFaults } from './device-faults.ts';

/** What copies to the host need of the backend. */
interface Queue {
  readonly device: GPUDevice;
  readonly faults: DeviceFaults;
  /** Encodes a copy behind all commands so far. */
  copy(from: GPUBuffer, to: GPUBuffer, bytes: number): void;
  /** Submits what is encoded. */
  flush(): void;
}

/**
 * Values that leave the device by a command among the others: the copy goes to a mappable buffer, which lies in the host's memory, and the tensor's own
 * buffer is free for the commands that follow. They can be read once the copy was submitted and the buffer is mapped; it stays
 * mapped until it is freed.
 */
export class HostStaging {
  /** Copied by commands that were not submitted yet: their buffers must neither be mapped nor destroyed. */
  private encoded: StagedValues[] = [];
  /** By size; those that were put back last come last. */
  private readonly idle = new Map<number, GPUBuffer[]>();
  private bytes = { used: 0, idle: 0, most: 0 };

  constructor(private readonly queue: Queue) {}

  copy(from: GPUBuffer, dtype: DataType, bytes: number): HostValues {
    this.queue.faults.refuseIfLost();
    const buffer = this.take(Math.max(bytes, 4));
    this.queue.copy(from, buffer, bytes);
    const values = new StagedValues(buffer, dtype, bytes, this.queue, (usable) => this.put(buffer, usable));
    this.encoded.push(values);
    return values;
  }

  /** To be called after each submit. */
  submitted(): void {
    const { encoded } = this;
    this.encoded = [];
    for (const values of encoded) values.submitted();
  }

  /** Destroys the buffers that wait for the next values. */
  trim(): void {
    for (const buffer of [...this.idle.values()].flat()) buffer.destroy();
    this.idle.clear();
    this.bytes = { used: this.bytes.used, idle: 0, most: this.bytes.used };
  }

  private take(size: number): GPUBuffer {
    const known = this.takeIdle(size);
    this.bytes.used += size;
    this.bytes.most = Math.max(this.bytes.most, this.bytes.used);
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    return known ?? this.queue.device.createBuffer({ label: 'host', size, usage });
  }

  /** Steps repeat: as much as one needed at most is kept for the next. Sizes that none of them needs any more go first. */
  private put(buffer: GPUBuffer, usable: boolean): void {
    const { size } = buffer;
    this.bytes.used -= size;
    if (!usable || buffer.mapState !== 'unmapped') {
      buffer.destroy();
      return;
    }
    const stack = this.idle.get(size) ?? [];
    stack.push(buffer);
    // Last in the order of the map.
    this.idle.delete(size);
    this.idle.set(size, stack);
    this.bytes.idle += size;
    for (const [oldest] of this.idle) {
      while (this.bytes.used + this.bytes.idle > this.bytes.most && this.idle.has(oldest)) {
        this.takeIdle(oldest)?.destroy();
      }
    }
  }

  private takeIdle(size: number): GPUBuffer | undefined {
    const stack = this.idle.get(size);
    const buffer = stack?.pop();
    if (buffer) this.bytes.idle -= size;
    if (stack?.length === 0) this.idle.delete(size);
    return buffer;
  }
}

class StagedValues implements HostValues {
  values: TypedArray | undefined;
  readonly arrival: Promise<void>;
  private mapped!: (mapping: Promise<void>) => void;
  private submittedYet = false;
  private freed = false;
  /** The device may have had no memory for the buffer. */
  private failed = false;

  constructor(
    private readonly buffer: GPUBuffer,
    private readonly dtype: DataType,
    private readonly bytes: number,
    private readonly queue: Queue,
    private readonly putBack: (usable: boolean) => void,
  ) {
    this.arrival = new Promise((resolve) => {
      this.mapped = resolve;
    });
    // Who waits for the values is told; of those that nobody waits for any more, nobody need be.
    this.arrival.catch(() => undefined);
  }

  get arrived(): boolean {
    return this.values !== undefined;
  }

  whenArrived(): Promise<void> {
    if (!this.submittedYet && !this.freed) this.queue.flush();
    return this.arrival;
  }

  submitted(): void {
    this.submittedYet = true;
    if (this.freed) this.putBack(true);
    this.mapped(this.freed ? Promise.resolve() : this.map());
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.values = undefined;
    if (!this.submittedYet) return;
    if (this.buffer.mapState === 'mapped') this.buffer.unmap();
    this.putBack(!this.failed);
  }

  private async map(): Promise<void> {
    try {
      await this.buffer.mapAsync(GPUMapMode.READ);
    } catch (cause) {
      if (this.freed) return;
      this.failed = true;
      await this.queue.faults.raiseCause();
      throw cause;
    }
    if (this.freed) return;
    const range = this.buffer.getMappedRange(0, this.bytes);
    this.values = this.dtype === 'float32' ? new Float32Array(range) : new Int32Array(range);
  }
}
