import type { Layout } from './bind-groups.ts';

export type Access = 'read-only-storage' | 'storage';

/** Layouts of shaders, by what they do to their buffers. Uniforms come last and have a dynamic offset. */
export class Layouts {
  private readonly known = new Map<string, Layout>();

  constructor(private readonly device: GPUDevice) {}

  of(accesses: readonly Access[], hasUniforms: boolean): Layout {
    const key = `${accesses.join()},${hasUniforms}`;
    let layout = this.known.get(key);
    if (!layout) this.known.set(key, (layout = this.make(key, accesses, hasUniforms)));
    return layout;
  }

  private make(label: string, accesses: readonly Access[], hasUniforms: boolean): Layout {
    const types: GPUBufferBindingLayout[] = accesses.map((type) => ({ type }));
    if (hasUniforms) types.push({ type: 'uniform', hasDynamicOffset: true });
    const entries = types.map((buffer, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer }));
    const group = this.device.createBindGroupLayout({ label, entries });
    const pipeline = this.device.createPipelineLayout({ label, bindGroupLayouts: [group] });
    return { id: this.known.size, group, pipeline };
  }
}
