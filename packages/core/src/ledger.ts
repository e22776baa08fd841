import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import { observeMemory } from './engine-seam.ts';
import { bytesOf } from './tape/buffer-marks.ts';
import { currentWhere } from './tape/where.ts';

/** What a buffer is for; those of modules (running statistics) are with the parameters. Whatever nobody claimed is transient. */
export const memoryCategories = [
  'parameters',
  'gradients',
  'optimizer',
  'saved',
  'plugin',
  'batch',
  'transient',
] as const;
export type MemoryCategory = (typeof memoryCategories)[number];

/** Bytes by category. */
export type MemoryBreakdown = Readonly<Record<MemoryCategory, number>>;

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

interface Entry {
  readonly bytes: number;
  category: MemoryCategory;
  modulePath: string;
  owner: string | undefined;
}

/**
 * Counts bytes on unique buffers, however many tensors share one: now, at the peak, by category, module and plugin.
 * It sees what is made while it is open, and what is claimed for it.
 */
export class Ledger {
  private readonly entries = new Map<DataId, Entry>();
  private readonly totals: Record<MemoryCategory, number> = zeroTotals();
  private mostOf: Record<MemoryCategory, number> = zeroTotals();
  private total = 0;
  private highest = 0;
  private top: MemoryPeak | undefined;
  private topIsNow = false;
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
      allocated: (dataId, bytes) => this.allocated(dataId, bytes),
      freed: (dataId) => this.freed(dataId),
    });
    return this;
  }

  /** Stops counting and forgets every buffer; peak and timeline remain. */
  shut(): void {
    this.settlePeak();
    this.close?.();
    this.close = undefined;
    this.entries.clear();
    Object.assign(this.totals, zeroTotals());
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
      this.settlePeak();
      this.totals[known.category] -= known.bytes;
      this.add(category, known.bytes);
      known.category = category;
      known.owner = owner ?? known.owner;
      known.modulePath = modulePath ?? known.modulePath;
    } else if ('dataId' in tensor) this.enter(dataId, bytesOf(tensor as Tensor), category, owner, modulePath);
  }

  /** The category of a buffer; undefined if the ledger does not know it. */
  categoryOf(tensor: Tensor): MemoryCategory | undefined {
    return this.entries.get(tensor.dataId)?.category;
  }

  /** Bytes now. */
  now(): { readonly bytes: number; readonly categories: MemoryBreakdown } {
    return { bytes: this.total, categories: { ...this.totals } };
  }

  /** The most bytes held at one time since the ledger opened, or since `resetPeak`, and what held them. */
  peak(): MemoryPeak {
    this.settlePeak();
    return this.top ?? this.snapshot();
  }

  /** The most bytes that each category held since then, each at its own time. */
  most(): MemoryBreakdown {
    return { ...this.mostOf };
  }

  /** Starts a new peak from what is held now. */
  resetPeak(): void {
    this.highest = this.total;
    this.mostOf = { ...this.totals };
    this.top = undefined;
    this.topIsNow = true;
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

  private allocated(dataId: DataId, bytes: number): void {
    this.enter(dataId, bytes, 'transient');
  }

  private enter(dataId: DataId, bytes: number, category: MemoryCategory, owner?: string, modulePath?: string): void {
    const where = currentWhere();
    this.entries.set(dataId, {
      bytes,
      category,
      modulePath: modulePath ?? where.modulePath,
      owner: owner ?? where.owner,
    });
    this.add(category, bytes);
    this.total += bytes;
    if (this.total > this.highest) {
      this.highest = this.total;
      this.topIsNow = true;
    }
    this.sample();
  }

  private add(category: MemoryCategory, bytes: number): void {
    this.totals[category] += bytes;
    this.mostOf[category] = Math.max(this.mostOf[category], this.totals[category]);
  }

  private freed(dataId: DataId): void {
    const entry = this.entries.get(dataId);
    if (!entry) return;
    this.settlePeak();
    this.entries.delete(dataId);
    this.totals[entry.category] -= entry.bytes;
    this.total -= entry.bytes;
    this.sample();
  }

  /** A peak is looked at only when bytes are about to go: until then the next allocation may be higher. */
  private settlePeak(): void {
    if (this.topIsNow && this.total === this.highest) this.top = this.snapshot();
    this.topIsNow = false;
  }

  private snapshot(): MemoryPeak {
    const modules = new Map<string, number>();
    const plugins = new Map<string, number>();
    for (const { bytes, modulePath, owner } of this.entries.values()) {
      modules.set(modulePath, (modules.get(modulePath) ?? 0) + bytes);
      if (owner) plugins.set(owner, (plugins.get(owner) ?? 0) + bytes);
    }
    const largestFirst = new Map([...modules].sort((a, b) => b[1] - a[1]));
    return { bytes: this.total, categories: { ...this.totals }, modules: largestFirst, plugins };
  }

  private sample(): void {
    this.events++;
    if (!this.timeline || this.events % this.stride !== 0) return;
    this.timeline.push({ event: this.events, time: performance.now() - this.began, categories: { ...this.totals } });
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

function zeroTotals(): Record<MemoryCategory, number> {
  return Object.fromEntries(memoryCategories.map((category) => [category, 0])) as Record<MemoryCategory, number>;
}
