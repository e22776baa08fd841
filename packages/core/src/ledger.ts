import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import type { DeviceMemory } from './backend-memory.ts';
import { bytesOf, deviceMemory, resetDevicePeak } from './device-memory.ts';
import { observeMemory } from './engine-seam.ts';
import { type Held, HeldBytes, noBytes } from './held-bytes.ts';
import type { MemoryBreakdown, MemoryCategory } from './memory-categories.ts';
import { OffDeviceCount } from './off-device.ts';
import { currentWhere } from './tape/where.ts';

export { type MemoryBreakdown, type MemoryCategory, memoryCategories } from './memory-categories.ts';

export interface MemoryPeak {
  readonly bytes: number;
  readonly categories: MemoryBreakdown;
  /** Bytes by path of the module that made the buffer, or whose parameter or buffer it is, largest first. */
  readonly modules: ReadonlyMap<string, number>;
  /** Bytes by plugin whose module made the buffer, or which claimed it. */
  readonly plugins: ReadonlyMap<string, number>;
}

export interface MemorySample {
  /** Number of allocations and releases before this one. */
  readonly event: number;
  /** Milliseconds since the ledger began. */
  readonly time: number;
  readonly categories: MemoryBreakdown;
}

interface Entry extends Held {
  readonly bytes: number;
}

/**
 * Counts bytes on unique buffers, however many tensors share one: now, at the peak, by category, module and plugin.
 * It sees what is made while it is open, and what is claimed for it.
 */
export class Ledger {
  /** What is kept in the host's memory or on disk, apart from everything else here. */
  readonly offDevice = new OffDeviceCount();
  private readonly entries = new Map<DataId, Entry>();
  private readonly held = new HeldBytes();
  /** How `held` has changed since the peak: a peak is seldom asked for, and often passed. */
  private readonly sincePeak = new HeldBytes();
  private mostOf = noBytes();
  private total = 0;
  private highest = 0;
  /** Kept when the ledger is shut. */
  private last: MemoryPeak | undefined;
  private events = 0;
  private began = 0;
  private close: (() => void) | undefined;
  private timeline: MemorySample[] | undefined;
  private stride = 1;

  /** Starts counting, and a new peak. */
  open(): this {
    if (this.close) return this;
    this.began = performance.now();
    this.resetPeak();
    this.close = observeMemory({
      allocated: (tensor) => this.allocated(tensor),
      freed: (dataId) => this.freed(dataId),
    });
    return this;
  }

  /** Stops counting and forgets every buffer; peak and timeline remain. */
  shut(): void {
    this.last = this.peak();
    this.close?.();
    this.close = undefined;
    this.entries.clear();
    this.held.clear();
    this.total = 0;
  }

  /**
   * Says what a buffer is for, and whose it is. Buffers made before the ledger opened enter it here.
   * @param modulePath of the module that it belongs to, if that need not be the one that made it
   */
  claim(tensor: Tensor | DataId, category: MemoryCategory, owner?: string, modulePath?: string): void {
    const dataId = 'dataId' in tensor ? (tensor as Tensor).dataId : tensor;
    const known = this.entries.get(dataId);
    if (known) {
      const { bytes } = known;
      this.change(known, -bytes);
      const claimed = { bytes, category, owner: owner ?? known.owner, modulePath: modulePath ?? known.modulePath };
      this.entries.set(dataId, claimed);
      this.change(claimed, bytes);
    } else if ('dataId' in tensor) this.enter(dataId, bytesOf(tensor as Tensor), category, owner, modulePath);
  }

  /** The category of a buffer; undefined if the ledger does not know it. */
  categoryOf(tensor: Tensor): MemoryCategory | undefined {
    return this.entries.get(tensor.dataId)?.category;
  }

  /** Bytes now. */
  now(): { readonly bytes: number; readonly categories: MemoryBreakdown } {
    return { bytes: this.total, categories: { ...this.held.categories } };
  }

  /** The most bytes held at one time since the ledger opened, or since `resetPeak`, and what held them. */
  peak(): MemoryPeak {
    return this.last ?? { bytes: this.highest, ...this.held.before(this.sincePeak) };
  }

  /** The most bytes that each category held since then, each at its own time. */
  most(): MemoryBreakdown {
    return { ...this.mostOf };
  }

  /** What the device's pool holds, beside what the ledger counts; undefined where the backend has none (cpu, wasm). */
  device(): DeviceMemory | undefined {
    return deviceMemory();
  }

  /** Starts a new peak from what is held now, also of the device's pool. */
  resetPeak(): void {
    resetDevicePeak();
    this.highest = this.total;
    this.mostOf = { ...this.held.categories };
    this.sincePeak.clear();
    this.offDevice.reset();
    this.last = undefined;
  }

  /** Keeps samples over time from here on; at most `limit`, thinned out as they grow. */
  recordTimeline(limit = 2000): void {
    this.timeline = [];
    this.stride = 1;
    this.limit = limit;
  }

  private limit = 2000;

  samples(): readonly MemorySample[] {
    return this.timeline ?? [];
  }

  private allocated(tensor: Tensor): void {
    // tfjs makes two tensors of a complex one: those are counted. Strings are nowhere but on the host.
    const counted = tensor.dtype !== 'complex64' && tensor.dtype !== 'string';
    this.enter(tensor.dataId, counted ? bytesOf(tensor) : 0, 'transient');
  }

  private enter(dataId: DataId, bytes: number, category: MemoryCategory, owner?: string, modulePath?: string): void {
    const where = currentWhere();
    const entry = { bytes, category, modulePath: modulePath ?? where.modulePath, owner: owner ?? where.owner };
    this.entries.set(dataId, entry);
    this.change(entry, bytes);
    this.total += bytes;
    if (this.total > this.highest) {
      this.highest = this.total;
      this.sincePeak.clear();
    }
    this.sample();
  }

  private freed(dataId: DataId): void {
    const entry = this.entries.get(dataId);
    if (!entry) return;
    this.entries.delete(dataId);
    this.change(entry, -entry.bytes);
    this.total -= entry.bytes;
    this.sample();
  }

  private change(entry: Entry, bytes: number): void {
    this.held.add(entry, bytes);
    this.sincePeak.add(entry, bytes);
    const { category } = entry;
    this.mostOf[category] = Math.max(this.mostOf[category], this.held.categories[category]);
  }

  private sample(): void {
    this.events++;
    if (!this.timeline || this.events % this.stride !== 0) return;
    this.timeline.push({
      event: this.events,
      time: performance.now() - this.began,
      categories: { ...this.held.categories },
    });
    if (this.timeline.length < this.limit) return;
    this.timeline = this.timeline.filter((_, index) => index % 2 === 0);
    this.stride *= 2;
  }
}

/** Measures what one synchronous function holds at its peak, beside what was held before. */
export function measureMemory<T>(f: (ledger: Ledger) => T): { value: T; peak: MemoryPeak } {
  const ledger = new Ledger().open();
  try {
    const value = f(ledger);
    return { value, peak: ledger.peak() };
  } finally {
    ledger.shut();
  }
}
