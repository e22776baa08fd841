import { TapgradError } from '@tapgrad/core';
import { IdleBuffers } from './idle-buffers.ts';
import type { PooledBuffer } from './pooled-buffer.ts';
import { classAbove } from './size-classes.ts';

/** What the pool is told by, and tells, the backend that it serves. */
export interface PoolOwner {
  /** Number of the batch of commands that has not been submitted yet: its buffers must not be destroyed or written by the queue. */
  batch(): number;
  outOfMemory(bytes: number): void;
}

/** More than this is asked for with an eye on whether the device had it. */
const watchedBytes = 1 << 20;
/** Idle bytes that are always kept. */
const slack = 32 << 20;
/** Buffers handed out between two looks at how much is needed at most. */
const windowLength = 16384;

/**
 * The buffers of a device, in place of tfjs's `BufferManager` and with its interface. A buffer that was released serves the next tensor
 * of about its size, also in the batch of commands that still uses it: commands run in order. What is reserved stays within 1.25 times of what was used at
 * most lately, and 32 MiB.
 */
export class BufferPool {
  /** Bytes of buffers in use. */
  numBytesUsed = 0;
  /** Bytes of all buffers. */
  numBytesAllocated = 0;
  /** The most of either since `resetPeak`. */
  peak = { used: 0, reserved: 0 };

  private readonly idle = new IdleBuffers();
  private readonly inUse = new Map<GPUBuffer, PooledBuffer>();
  private readonly foreign = new WeakMap<GPUBuffer, PooledBuffer>();
  private nextId = 0;
  private handedOut = 0;
  private lately = { most: 0, before: 0 };

  constructor(
    private readonly device: GPUDevice,
    private readonly owner: PoolOwner,
  ) {}

  /** A buffer of at least `bytes`, with whatever it held before. */
  acquire(bytes: number, usage: GPUBufferUsageFlags): PooledBuffer {
    return this.handOut(this.idle.take(bytes, usage) ?? this.create(bytes, usage));
  }

  /** As `acquire`, and no command that waits for its submit uses it: the queue may write to it now. */
  acquireSettled(bytes: number, usage: GPUBufferUsageFlags): PooledBuffer {
    return this.handOut(this.idle.takeSettled(bytes, usage, this.owner.batch()) ?? this.create(bytes, usage));
  }

  /** As tfjs asks for buffers. */
  acquireBuffer(bytes: number, usage: GPUBufferUsageFlags, mappedAtCreation = false, reuse = true): GPUBuffer {
    if (reuse && !mappedAtCreation) return this.acquire(bytes, usage).buffer;
    return this.handOut(this.create(bytes, usage, mappedAtCreation)).buffer;
  }

  /** To be called once for each buffer that was acquired. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const pooled = this.inUse.get(buffer);
    // After `dispose`, tensors still go.
    if (!pooled) return;
    this.inUse.delete(buffer);
    this.numBytesUsed -= pooled.size;
    if (pooled.discarded || (!reuse && pooled.batch !== this.owner.batch())) this.destroy(pooled);
    else this.idle.put(pooled);
  }

  /** What is known of a buffer, also of one that came from elsewhere. */
  of(buffer: GPUBuffer): PooledBuffer {
    const known = this.inUse.get(buffer) ?? this.foreign.get(buffer);
    if (known) return known;
    const made = { buffer, id: this.nextId++, size: buffer.size, usage: buffer.usage, batch: -1, discarded: false };
    this.foreign.set(buffer, made);
    return made;
  }

  /** Destroys idle buffers until no more than `bytes` are reserved; those that wait for a submit stay. */
  trim(bytes = 0): void {
    for (const pooled of this.idle.oldestFirst()) {
      if (this.numBytesAllocated <= bytes) return;
      if (pooled.batch === this.owner.batch() && !pooled.discarded) continue;
      this.destroyIdle(pooled);
    }
  }

  /**
   * To be called when the device had no memory for a buffer, and it is not known for which: of those whose making was not watched none is handed out
   * again, as every command with the broken one would be refused.
   */
  distrustSmall(): void {
    for (const pooled of [...this.inUse.values(), ...this.idle.oldestFirst()]) {
      if (pooled.size < watchedBytes) pooled.discarded = true;
    }
    for (const pooled of this.idle.oldestFirst()) if (pooled.discarded) this.destroyIdle(pooled);
  }

  resetPeak(): void {
    this.peak = { used: this.numBytesUsed, reserved: this.numBytesAllocated };
  }

  getNumUsedBuffers(): number {
    return this.inUse.size;
  }

  getNumFreeBuffers(): number {
    return this.idle.count;
  }

  dispose(): void {
    for (const { buffer } of [...this.inUse.values(), ...this.idle.oldestFirst()]) buffer.destroy();
    this.inUse.clear();
    this.idle.clear();
    this.numBytesUsed = 0;
    this.numBytesAllocated = 0;
  }

  private handOut(pooled: PooledBuffer): PooledBuffer {
    this.inUse.set(pooled.buffer, pooled);
    this.numBytesUsed += pooled.size;
    if (this.numBytesUsed > this.peak.used) this.peak.used = this.numBytesUsed;
    if (this.numBytesUsed > this.lately.most) this.lately.most = this.numBytesUsed;
    if (++this.handedOut % windowLength === 0) {
      this.lately = { most: this.numBytesUsed, before: this.lately.most };
      this.trim(this.bound());
    }
    return pooled;
  }

  private bound(more = 0): number {
    return slack + 1.25 * Math.max(this.lately.most, this.lately.before, this.numBytesUsed + more);
  }

  private create(bytes: number, usage: GPUBufferUsageFlags, mappedAtCreation = false): PooledBuffer {
    const most = this.mostBytes(bytes, usage);
    const size = mappedAtCreation ? Math.ceil(bytes / 4) * 4 : Math.min(classAbove(bytes), most);
    this.trim(this.bound(size) - size);
    const watched = size >= watchedBytes;
    if (watched) this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({ size, usage, mappedAtCreation });
    const pooled = { buffer, id: this.nextId++, size, usage, batch: -1, discarded: false };
    if (watched) {
      // A scope of a device that is gone need not be told of.
      this.device.popErrorScope().then(
        (error) => error && this.discard(pooled),
        () => undefined,
      );
    }
    this.numBytesAllocated += size;
    if (this.numBytesAllocated > this.peak.reserved) this.peak.reserved = this.numBytesAllocated;
    return pooled;
  }

  private destroyIdle(pooled: PooledBuffer): void {
    this.idle.remove(pooled);
    this.destroy(pooled);
  }

  private destroy(pooled: PooledBuffer): void {
    pooled.buffer.destroy();
    this.numBytesAllocated -= pooled.size;
  }

  /** The device says afterwards that it had no memory: nothing that was to be computed there is of use. */
  private discard(pooled: PooledBuffer): void {
    pooled.discarded = true;
    this.trim();
    this.owner.outOfMemory(pooled.size);
  }

  /** Of one buffer, whole words. @throws TapgradError `WEBGPU_OUT_OF_MEMORY` if that is less than is asked for */
  private mostBytes(bytes: number, usage: GPUBufferUsageFlags): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const most = usage & GPUBufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (bytes <= most) return most - (most % 4);
    throw new TapgradError({
      code: 'WEBGPU_OUT_OF_MEMORY',
      message: `a tensor needs ${bytes} bytes, and this device has no buffer of more than ${most}`,
      fix: 'make the batch or the tensor smaller, or use another backend',
    });
  }
}
