import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';

const size = 64;

/** `a += b`, in place. */
export function registerUpdates(): void {
  kernel<{ a: TensorInfo; b: TensorInfo }>('tapgrad.AddInPlace', ({ inputs: { a, b }, gpu }) => {
    const length = util.sizeFromShape(a.shape);
    gpu.dispatch({
      name: 'add-in-place',
      read: { b: [b, 'f32'] },
      write: { a: [a, 'f32'] },
      uniforms: { length: u32(length) },
      code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i < uniforms.length) { a[i] += b[i]; }
}`,
      workgroups: Math.ceil(length / size),
    });
    return gpu.output([], 'int32');
  });
}
