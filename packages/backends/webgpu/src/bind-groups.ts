import type { PooledBuffer } from './memory/pooled-buffer.ts';

/** Groups made since the older ones were last forgotten. A training step has one or two thousand dispatches. */
const generation = 8192;

/** How a shader's buffers are laid out: storage buffers in their order, then its uniforms. */
export interface Layout {
  /** One number for one layout. */
  readonly id: number;
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

interface Entry {
  readonly layout: Layout;
  readonly buffers: readonly PooledBuffer[];
  readonly uniformBytes: number;
  readonly group: GPUBindGroup;
  /** Another one of the same hash. */
  readonly next: Entry | undefined;
}

/**
 * Bind groups by layout and buffers. The pool hands out the same buffers step after step, so that nearly all are found again;
 * those that were not used for long are forgotten, which is also the end of groups whose buffers were destroyed.
 */
export class BindGroups {
  private recent = new Map<number, Entry>();
  private older = new Map<number, Entry>();
  private count = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly uniforms: GPUBuffer,
  ) {}

  /** @param uniformBytes what a shader sees of the uniforms, from a dynamic offset on; 0 if it has none */
  of(layout: Layout, buffers: readonly PooledBuffer[], uniformBytes: number, name: string): GPUBindGroup {
    // Any mixing will do: entries are compared in full.
    let hash = layout.id + uniformBytes;
    for (let i = 0; i < buffers.length; i++) hash = (Math.imul(hash, 0x9e3779b1) + buffers[i]!.id) & 0x3fffffff;
    const first = this.recent.get(hash);
    const known = entryOf(first, layout, buffers, uniformBytes);
    if (known) return known.group;
    const group =
      entryOf(this.older.get(hash), layout, buffers, uniformBytes)?.group ??
      this.make(layout, buffers, uniformBytes, name);
    this.keep(hash, { layout, buffers, uniformBytes, group, next: first });
    return group;
  }

  private keep(hash: number, entry: Entry): void {
    this.recent.set(hash, entry);
    if (++this.count < generation) return;
    this.older = this.recent;
    this.recent = new Map();
    this.count = 0;
  }

  private make(layout: Layout, buffers: readonly PooledBuffer[], uniformBytes: number, label: string): GPUBindGroup {
    const resources: GPUBufferBinding[] = buffers.map(({ buffer }) => ({ buffer }));
    if (uniformBytes > 0) resources.push({ buffer: this.uniforms, size: uniformBytes });
    return this.device.createBindGroup({
      label,
      layout: layout.group,
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }
}

function entryOf(
  first: Entry | undefined,
  layout: Layout,
  buffers: readonly PooledBuffer[],
  uniformBytes: number,
): Entry | undefined {
  for (let entry = first; entry !== undefined; entry = entry.next) {
    if (entry.layout === layout && entry.uniformBytes === uniformBytes && same(entry.buffers, buffers)) return entry;
  }
  return undefined;
}

function same(some: readonly PooledBuffer[], others: readonly PooledBuffer[]): boolean {
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
