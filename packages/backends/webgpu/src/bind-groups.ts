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

/**
 * Bind groups by layout and buffers. The pool hands out the same buffers step after step, so that nearly all are found again;
 * those that were not used for long are forgotten, which is also the end of groups whose buffers were destroyed.
 */
export class BindGroups {
  private recent = new Map<string, GPUBindGroup>();
  private older = new Map<string, GPUBindGroup>();

  constructor(
    private readonly device: GPUDevice,
    private readonly uniforms: GPUBuffer,
  ) {}

  /** @param uniformBytes what a shader sees of the uniforms, from a dynamic offset on; 0 if it has none */
  of(layout: Layout, buffers: readonly PooledBuffer[], uniformBytes: number, name: string): GPUBindGroup {
    let key = `${layout.id}/${uniformBytes}`;
    for (const { id } of buffers) key += `,${id}`;
    const known = this.recent.get(key);
    if (known) return known;
    const group = this.older.get(key) ?? this.make(layout, buffers, uniformBytes, name);
    if (this.recent.size >= generation) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(key, group);
    return group;
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
