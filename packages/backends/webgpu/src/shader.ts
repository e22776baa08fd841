import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Uniform } from './uniforms.ts';

/** WGSL type of a buffer's elements, for example `f32`, `vec4<f32>`, `u32`, `atomic<u32>`. */
export type ElementType = string;

/**
 * One run of a compute shader. `code` has the entry point `main` and may use the buffers by name, `uniforms.name` and,
 * for one-dimensional work, `index_of(workgroup_id, num_workgroups, local_invocation_index, size)`; declarations are made from the names here.
 */
export interface Dispatch {
  /** Name of the kernel, and of its file. */
  readonly name: string;
  /** What `code` depends on beside names and types: one pipeline is compiled for each name and variant. */
  readonly variant?: string;
  /** Buffers that are read only, by name. */
  readonly read: Readonly<Record<string, readonly [TensorInfo, ElementType]>>;
  /** Buffers that are written (and may be read); no buffer may stand in both. */
  readonly write: Readonly<Record<string, readonly [TensorInfo, ElementType]>>;
  readonly uniforms?: Readonly<Record<string, Uniform>>;
  readonly code: () => string;
  /** Number of workgroups along each axis; one number of them is spread over two axes where it is large. */
  readonly workgroups: number | readonly [x: number, y: number, z: number];
}

/** Workgroups along an axis, on every device. */
export const workgroupsPerAxis = 65535;

export function workgroupsOf({ workgroups }: Dispatch): readonly [number, number, number] {
  if (typeof workgroups !== 'number') return workgroups;
  if (workgroups <= workgroupsPerAxis) return [workgroups, 1, 1];
  const x = Math.ceil(workgroups / Math.ceil(workgroups / workgroupsPerAxis));
  return [x, Math.ceil(workgroups / x), 1];
}

/** The whole text of a dispatch's shader. */
export function sourceOf({ read, write, uniforms = {}, code }: Dispatch, features: ReadonlySet<string>): string {
  const source = code();
  const enabled = ['f16', 'subgroups'].filter((name) => features.has(name === 'f16' ? 'shader-f16' : name));
  const declarations = [
    ...Object.entries(read).map(([name, [, type]]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(write).map(([name, [, type]]) => `var<storage, read_write> ${name}: array<${type}>;`),
  ].map((declaration, i) => `@group(0) @binding(${i}) ${declaration}`);
  const fields = Object.entries(uniforms).map(([name, [type]]) => `${name}: ${type},`);
  if (fields.length > 0) {
    declarations.push(
      `struct Uniforms { ${fields.join(' ')} }`,
      `@group(0) @binding(${declarations.length}) var<uniform> uniforms: Uniforms;`,
    );
  }
  // A feature that a device has costs nothing where a shader does not use it.
  return [...enabled.map((name) => `enable ${name};`), ...declarations, linearIndex, source].join('\n');
}

/** Number of an invocation where workgroups of `size` are spread over two axes. */
const linearIndex = `
fn index_of(workgroup: vec3u, groups: vec3u, local: u32, size: u32) -> u32 {
  return (workgroup.y * groups.x + workgroup.x) * size + local;
}`;
