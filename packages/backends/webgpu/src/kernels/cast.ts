import { Cast, type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { callKernel, kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';

const size = 64;

/**
 * Numbers as another type. tfjs's kernel calls integers floats and leaves their bits as they are, so that every shader would have to
 * ask what a buffer holds; here a tensor's dtype is what its buffer holds.
 */
export function registerCast(): void {
  kernel<{ x: TensorInfo }, { dtype: DataType }>(Cast, ({ inputs: { x }, attrs: { dtype }, gpu, stock }) => {
    if (!isCopyable(x) || dtype === 'string' || dtype === 'complex64') return stock();
    if (x.dtype === dtype || (x.dtype === 'bool' && dtype === 'int32')) {
      return { ...callKernel(gpu, 'Identity', { x }), dtype };
    }
    if (dtype === 'bool') {
      const zero = filled(gpu, [], x.dtype, 0);
      const y = callKernel(gpu, 'NotEqual', { a: x, b: zero });
      gpu.disposeData(zero.dataId);
      return y;
    }
    return converted(gpu, x, dtype);
  });
}

function converted(gpu: TrainingBackend, x: TensorInfo, dtype: 'float32' | 'int32'): TensorInfo {
  const y = gpu.output(x.shape, dtype);
  const count = util.sizeFromShape(x.shape);
  if (count === 0) return y;
  const [from, to] = dtype === 'float32' ? (['i32', 'f32'] as const) : (['f32', 'i32'] as const);
  gpu.dispatch({
    name: 'cast',
    read: { x: [x, from] },
    write: { y: [y, to] },
    uniforms: { count: u32(count) },
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i < uniforms.count) { y[i] = ${to}(x[i]); }
}`,
    workgroups: Math.ceil(count / size),
  });
  return y;
}
