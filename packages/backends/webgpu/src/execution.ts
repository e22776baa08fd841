import type { TensorInfo } from '@tensorflow/tfjs-core';
import { BindGroups, type Layout } from './bind-groups.ts';
import { Commands } from './commands.ts';
import { Layouts } from './layouts.ts';
import type { PooledBuffer } from './memory/pooled-buffer.ts';
import { OwnShaders } from './own-shaders.ts';
import { type Dispatch, workgroupsOf } from './shader.ts';
import type { Internals, StockProgram, StockUniforms } from './stock-backend.ts';
import { type StockPipeline, StockPrograms } from './stock-programs.ts';
import { stageStockUniforms } from './stock-uniforms.ts';
import { type StagedUniforms, UniformRing } from './uniforms.ts';

/** Records shaders, own ones and tfjs's, with what is needed for them: pipelines, bind groups, uniforms. */
export class Execution {
  readonly commands: Commands;
  readonly programs: StockPrograms;
  private readonly ring: UniformRing;
  private readonly groups: BindGroups;
  private readonly shaders: OwnShaders;

  constructor(device: GPUDevice) {
    this.ring = new UniformRing(device);
    this.commands = new Commands(device.queue, this.ring);
    this.groups = new BindGroups(device, this.ring.buffer);
    const layouts = new Layouts(device);
    this.shaders = new OwnShaders(device, layouts);
    this.programs = new StockPrograms(device, layouts);
  }

  /** @param buffers those of `read`, then those of `write` */
  own(dispatch: Dispatch, buffers: readonly PooledBuffer[]): void {
    const { name, compute, layout, hasUniforms } = this.shaders.pipelineOf(dispatch);
    const uniforms = hasUniforms ? this.ring.stage(Object.values(dispatch.uniforms!)) : undefined;
    this.record(name, compute, layout, buffers, uniforms, workgroupsOf(dispatch));
  }

  /** @param buffers the output's, then those of the inputs */
  stock(
    { name, compute, layout }: StockPipeline,
    program: StockProgram,
    inputs: readonly TensorInfo[],
    output: TensorInfo,
    own: StockUniforms | undefined,
    buffers: readonly PooledBuffer[],
  ): void {
    const uniforms = stageStockUniforms(this.ring, program, inputs, output, own);
    this.record(name, compute, layout, buffers, uniforms, program.dispatch);
  }

  destroy(): void {
    this.ring.destroy();
  }

  private record(
    name: string,
    compute: GPUComputePipeline,
    layout: Layout,
    buffers: readonly PooledBuffer[],
    uniforms: StagedUniforms | undefined,
    workgroups: readonly [number, number, number],
  ): void {
    const group = this.groups.of(layout, buffers, uniforms?.size ?? 0, name);
    for (const buffer of buffers) buffer.batch = this.commands.batch;
    this.commands.record({ pipeline: compute, group, offset: uniforms?.offset, workgroups });
  }
}

/** One pass for one kernel whose time is measured. */
export function timedPass(internals: Internals, device: GPUDevice): GPUComputePassEncoder {
  if (!internals.supportTimestampQuery) return internals.commandEncoder!.beginComputePass();
  internals.querySet ??= device.createQuerySet({ type: 'timestamp', count: internals.querySetCount });
  return internals.commandEncoder!.beginComputePass({
    timestampWrites: { querySet: internals.querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
  });
}
