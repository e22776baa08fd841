import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, type Uniform, u32 } from '../uniforms.ts';

const size = 256;

export interface Elementwise {
  readonly name: string;
  /** Tensors of one size, by the name that `result` knows their element by. */
  readonly read: Readonly<Record<string, TensorInfo>>;
  readonly functions: string;
  /** WGSL of an element of the result. Numbers are of type `T`, which is `f32` or `vec4f`. */
  readonly result: string;
  /** Numbers by their name as `uniforms.name`. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** A float32 tensor of the shape of `like` by one formula an element; four at a time where the size is a multiple of four. */
export function elementwise(
  gpu: TrainingBackend,
  like: TensorInfo,
  { name, read, functions, result, numbers = {} }: Elementwise,
): TensorInfo {
  const y = gpu.output(like.shape);
  const elements = util.sizeFromShape(like.shape);
  if (elements === 0) return y;
  const [type, length] = elements % 4 === 0 ? (['vec4<f32>', elements / 4] as const) : (['f32', elements] as const);
  const uniforms: Record<string, Uniform> = { length: u32(length) };
  for (const [key, value] of Object.entries(numbers)) uniforms[key] = f32(value);
  const loads = Object.keys(read).map((each) => `  let ${each} = ${each}_values[i];`);
  gpu.dispatch({
    name,
    read: Object.fromEntries(Object.entries(read).map(([key, info]) => [`${key}_values`, [info, type]])),
    write: { results: [y, type] },
    uniforms,
    code: () => `
alias T = ${type};
${functions}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.length) { return; }
${loads.join('\n')}
  results[i] = ${result};
}`,
    workgroups: Math.ceil(length / size),
  });
  return y;
}
