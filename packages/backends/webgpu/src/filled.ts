import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from './training-backend.ts';
import { u32 } from './uniforms.ts';

const size = 64;

/** A tensor of one value, to the bit: tfjs's kernel hands every value over as float32. */
export function filled(gpu: TrainingBackend, shape: readonly number[], dtype: DataType, value: number): TensorInfo {
  const out = gpu.output(shape, dtype);
  const count = util.sizeFromShape([...shape]);
  if (count === 0) return out;
  gpu.dispatch({
    name: 'fill',
    read: {},
    write: { out: [out, 'u32'] },
    uniforms: { count: u32(count), bits: u32(bitsOf(value, dtype)) },
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i < uniforms.count) { out[i] = uniforms.bits; }
}`,
    workgroups: Math.ceil(count / size),
  });
  return out;
}

/** What a number's word is on the device. */
export function bitsOf(value: number, dtype: DataType): number {
  const view = new DataView(new ArrayBuffer(4));
  if (dtype === 'float32') view.setFloat32(0, value);
  else view.setInt32(0, dtype === 'bool' ? Number(Boolean(value)) : value);
  return view.getUint32(0);
}
