import type { Layout } from './bind-groups.ts';
import type { Layouts } from './layouts.ts';
import { type Dispatch, sourceOf } from './shader.ts';

/** A compiled shader of one's own. */
export interface OwnPipeline {
  readonly name: string;
  readonly compute: GPUComputePipeline;
  readonly layout: Layout;
  readonly hasUniforms: boolean;
}

/** Own shaders, compiled once for each name, variant and types of their buffers. */
export class OwnShaders {
  private readonly pipelines = new Map<string, OwnPipeline>();

  constructor(
    private readonly device: GPUDevice,
    private readonly layouts: Layouts,
  ) {}

  pipelineOf(dispatch: Dispatch): OwnPipeline {
    const key = keyOf(dispatch);
    const known = this.pipelines.get(key);
    if (known) return known;
    const hasUniforms = Object.keys(dispatch.uniforms ?? {}).length > 0;
    const layout = this.layouts.of(
      [
        ...Object.keys(dispatch.read).map(() => 'read-only-storage' as const),
        ...Object.keys(dispatch.write).map(() => 'storage' as const),
      ],
      hasUniforms,
    );
    const module = this.device.createShaderModule({
      label: key,
      code: sourceOf(dispatch, this.device.features as unknown as ReadonlySet<string>),
    });
    const compute = this.device.createComputePipeline({
      label: key,
      layout: layout.pipeline,
      compute: { module, entryPoint: 'main' },
    });
    const made = { name: dispatch.name, compute, layout, hasUniforms };
    this.pipelines.set(key, made);
    return made;
  }
}

function keyOf({ name, variant = '', read, write }: Dispatch): string {
  let key = `${name} ${variant} (`;
  for (const buffer in read) key += `${read[buffer]![1]},`;
  for (const buffer in write) key += `${write[buffer]![1]},`;
  return key;
}
