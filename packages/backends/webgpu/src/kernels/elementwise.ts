import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { ElementType } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import type { Uniform } from '../uniforms.ts';

const size = 256;

export interface Elementwise {
  readonly name: string;
  /** Type of an element of what is read; default `f32`. */
  readonly operands?: 'f32' | 'i32';
  /** dtype of the result; default float32. */
  readonly dtype?: DataType;
  /** Tensors of one size, of element type `T`, by the name that `result` knows their element by. */
  readonly read: Readonly<Record<string, readonly [TensorInfo, ElementType]>>;
  readonly functions?: string;
  /** WGSL of an element of the result. Numbers read are of type `T`, which is that of the operands or a `vec4` of it. */
  readonly result: string | ((isVector: boolean) => string);
  /** By their name as `uniforms.name`. */
  readonly uniforms?: Readonly<Record<string, Uniform>>;
}

/**
 * A tensor of the shape of `like` by one formula an element; four at a time where the size is a multiple of four. The shader is not told the
 * size: a dispatch without uniforms costs the host less, and what a buffer has behind its tensor's end is nobody's.
 */
export function elementwise(
  gpu: TrainingBackend,
  like: TensorInfo,
  { name, operands = 'f32', dtype = 'float32', read, functions = '', result, uniforms }: Elementwise,
): TensorInfo {
  const y = gpu.output(like.shape, dtype);
  const elements = util.sizeFromShape(like.shape);
  if (elements === 0) return y;
  const isVector = elements % 4 === 0;
  const given = dtype === 'float32' ? 'f32' : 'i32';
  gpu.dispatch({
    name,
    variant: isVector ? vectors[operands] : operands,
    read,
    write: { results: [y, isVector ? vectors[given] : given] },
    ...(uniforms && { uniforms }),
    code: () => `
alias T = ${isVector ? vectors[operands] : operands};
${functions}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= arrayLength(&results)) { return; }
${Object.keys(read)
  .map((each) => `  let ${each} = ${each}[i];`)
  .join('\n')}
  results[i] = ${typeof result === 'string' ? result : result(isVector)};
}`,
    workgroups: Math.ceil((isVector ? elements / 4 : elements) / size),
  });
  return y;
}

const vectors = { f32: 'vec4<f32>', i32: 'vec4<i32>' } as const;
