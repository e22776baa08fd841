import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from '../training-backend.ts';
import { type Uniform, u32 } from '../uniforms.ts';

const size = 256;

/**
 * The number of the row that each row of indices `[n, depth]` names; strides are those of rows. The caller frees them.
 * @returns int32 `[n]`
 */
export function rowNumbers(
  gpu: TrainingBackend,
  indices: TensorInfo,
  n: number,
  depth: number,
  strides: readonly number[],
): TensorInfo {
  const ids = gpu.output([n], 'int32');
  if (n === 0) return ids;
  const uniforms: Record<string, Uniform> = { n: u32(n) };
  for (let axis = 0; axis < depth; axis++) uniforms[`s${axis}`] = u32(strides[axis] ?? 1);
  const terms = Array.from(
    { length: depth },
    (_, axis) => `indices[i * ${depth}u + ${axis}u] * i32(uniforms.s${axis})`,
  );
  gpu.dispatch({
    name: 'row-numbers',
    variant: `${depth}`,
    read: { indices: [indices, 'i32'] },
    write: { ids: [ids, 'i32'] },
    uniforms,
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i < uniforms.n) { ids[i] = ${terms.join(' + ') || '0'}; }
}`,
    workgroups: Math.ceil(n / size),
  });
  return ids;
}
