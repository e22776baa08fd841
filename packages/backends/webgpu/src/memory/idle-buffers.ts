import type { PooledBuffer } from './pooled-buffer.ts';
import { classAbove, classBelow, nextClass } from './size-classes.ts';

/** Classes above the one that is asked for from which a buffer may be taken: at most an eighth is in vain. */
const classesAbove = 4;

/**
 * Buffers that wait for their next tensor, by usage and class of size. Which one is taken depends on nothing but which are idle: steps that
 * make and free the same tensors get the same buffers for them, so that what was made for a buffer, such as bind groups, is of use again.
 */
export class IdleBuffers {
  /** Each row in falling order of numbers. */
  private readonly byUsage = new Map<GPUBufferUsageFlags, Map<number, PooledBuffer[]>>();
  /** In the order in which they became idle. */
  private readonly all = new Set<PooledBuffer>();

  get count(): number {
    return this.all.size;
  }

  put(pooled: PooledBuffer): void {
    const row = this.row(pooled);
    row.splice(placeIn(row, pooled.id), 0, pooled);
    this.all.add(pooled);
  }

  /** The one of lowest number of those that fit best. */
  take(bytes: number, usage: GPUBufferUsageFlags): PooledBuffer | undefined {
    const pooled = this.fitting(bytes, usage)?.pop();
    if (pooled) this.all.delete(pooled);
    return pooled;
  }

  /** As `take`, of those that `batch` does not use. */
  takeSettled(bytes: number, usage: GPUBufferUsageFlags, batch: number): PooledBuffer | undefined {
    const pooled = this.fitting(bytes, usage)?.findLast((idle) => idle.batch !== batch);
    if (pooled) this.remove(pooled);
    return pooled;
  }

  remove(pooled: PooledBuffer): void {
    const row = this.row(pooled);
    row.splice(placeIn(row, pooled.id), 1);
    this.all.delete(pooled);
  }

  oldestFirst(): Iterable<PooledBuffer> {
    return this.all;
  }

  clear(): void {
    this.byUsage.clear();
    this.all.clear();
  }

  private fitting(bytes: number, usage: GPUBufferUsageFlags): PooledBuffer[] | undefined {
    const rows = this.byUsage.get(usage);
    if (!rows) return undefined;
    let size = classAbove(bytes);
    for (let above = 0; above <= classesAbove; above++) {
      const row = rows.get(size);
      if (row !== undefined && row.length > 0) return row;
      size = nextClass(size);
    }
    return undefined;
  }

  private row({ usage, size }: PooledBuffer): PooledBuffer[] {
    let rows = this.byUsage.get(usage);
    if (!rows) {
      rows = new Map();
      this.byUsage.set(usage, rows);
    }
    const key = classBelow(size);
    let row = rows.get(key);
    if (!row) {
      row = [];
      rows.set(key, row);
    }
    return row;
  }
}

/** Where in falling order a number stands, or would. */
function placeIn(row: readonly PooledBuffer[], id: number): number {
  let from = 0;
  let to = row.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (row[middle]!.id > id) from = middle + 1;
    else to = middle;
  }
  return from;
}
