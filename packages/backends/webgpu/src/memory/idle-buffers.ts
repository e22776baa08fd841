import type { PooledBuffer } from './pooled-buffer.ts';
import { classAbove, classBelow, nextClass } from './size-classes.ts';

/** Classes above the one that is asked for from which a buffer may be taken: at most an eighth is in vain. */
const classesAbove = 4;

/** Buffers that wait for their next tensor: by usage and class of size, the one that was used last on top. */
export class IdleBuffers {
  private readonly byUsage = new Map<GPUBufferUsageFlags, Map<number, PooledBuffer[]>>();
  /** In the order in which they became idle. */
  private readonly all = new Set<PooledBuffer>();

  get count(): number {
    return this.all.size;
  }

  put(pooled: PooledBuffer): void {
    this.stack(pooled).push(pooled);
    this.all.add(pooled);
  }

  /** The last that came back of those that fit best. */
  take(bytes: number, usage: GPUBufferUsageFlags): PooledBuffer | undefined {
    const stack = this.fitting(bytes, usage);
    const pooled = stack?.pop();
    if (pooled) this.all.delete(pooled);
    return pooled;
  }

  /** The first that came back of those that fit best, unless `batch` uses that one too. */
  takeSettled(bytes: number, usage: GPUBufferUsageFlags, batch: number): PooledBuffer | undefined {
    const first = this.fitting(bytes, usage)?.[0];
    if (!first || first.batch === batch) return undefined;
    this.remove(first);
    return first;
  }

  remove(pooled: PooledBuffer): void {
    const stack = this.stack(pooled);
    stack.splice(stack.indexOf(pooled), 1);
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
    const stacks = this.byUsage.get(usage);
    if (!stacks) return undefined;
    let size = classAbove(bytes);
    for (let above = 0; above <= classesAbove; above++) {
      const stack = stacks.get(size);
      if (stack !== undefined && stack.length > 0) return stack;
      size = nextClass(size);
    }
    return undefined;
  }

  private stack({ usage, size }: PooledBuffer): PooledBuffer[] {
    let stacks = this.byUsage.get(usage);
    if (!stacks) this.byUsage.set(usage, (stacks = new Map()));
    const key = classBelow(size);
    let stack = stacks.get(key);
    if (!stack) stacks.set(key, (stack = []));
    return stack;
  }
}
