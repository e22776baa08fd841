import { type Dispatch, sourceOf, workgroupsOf } from './shader.ts';
import type { UniformRing } from './uniforms.ts';

interface Pipeline {
  readonly compute: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Bytes of its uniforms; 0 without. */
  readonly uniformBytes: number;
}

/** Compiles own shaders and binds their buffers; keeps pipelines, and bind groups as long as their buffers live. */
export class Dispatcher {
  private readonly pipelines = new Map<string, Pipeline>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();

  constructor(
    private readonly device: GPUDevice,
    private readonly ring: UniformRing,
  ) {}

  /** Encodes one dispatch. `buffers`: those of `read`, then those of `write`, in their order. */
  encode(pass: GPUComputePassEncoder, dispatch: Dispatch, buffers: readonly GPUBuffer[]): void {
    const pipeline = this.pipelineOf(dispatch);
    pass.setPipeline(pipeline.compute);
    const group = this.bindGroup(pipeline, buffers);
    if (pipeline.uniformBytes === 0) pass.setBindGroup(0, group);
    else pass.setBindGroup(0, group, [this.ring.stage(Object.values(dispatch.uniforms ?? {}))]);
    pass.dispatchWorkgroups(...workgroupsOf(dispatch));
  }

  private pipelineOf(dispatch: Dispatch): Pipeline {
    const key = keyOf(dispatch);
    const known = this.pipelines.get(key);
    if (known) return known;
    const uniformBytes = 4 * Object.keys(dispatch.uniforms ?? {}).length;
    const layout = this.layoutOf(Object.keys(dispatch.read).length, Object.keys(dispatch.write).length, uniformBytes);
    const module = this.device.createShaderModule({
      label: key,
      code: sourceOf(dispatch, this.device.features as unknown as ReadonlySet<string>),
    });
    const compute = this.device.createComputePipeline({
      label: key,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    });
    const made = { compute, layout, uniformBytes };
    this.pipelines.set(key, made);
    return made;
  }

  private layoutOf(reads: number, writes: number, uniformBytes: number): GPUBindGroupLayout {
    const key = `${reads},${writes},${uniformBytes}`;
    const known = this.layouts.get(key);
    if (known) return known;
    const types: GPUBufferBindingLayout[] = [
      ...Array.from({ length: reads }, () => ({ type: 'read-only-storage' }) as const),
      ...Array.from({ length: writes }, () => ({ type: 'storage' }) as const),
      ...(uniformBytes > 0 ? [{ type: 'uniform', hasDynamicOffset: true, minBindingSize: uniformBytes } as const] : []),
    ];
    const entries = types.map((buffer, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer }));
    const made = this.device.createBindGroupLayout({ label: key, entries });
    this.layouts.set(key, made);
    return made;
  }

  private bindGroup({ layout, uniformBytes }: Pipeline, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const resources: GPUBufferBinding[] = buffers.map((buffer) => ({ buffer }));
    if (uniformBytes > 0) resources.push({ buffer: this.ring.buffer, size: uniformBytes });
    return this.device.createBindGroup({
      layout,
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }
}

function keyOf({ name, variant = '', read, write }: Dispatch): string {
  const types = [...Object.values(read), ...Object.values(write)].map(([, type]) => type);
  return `${name}(${types.join(', ')}) ${variant}`;
}
