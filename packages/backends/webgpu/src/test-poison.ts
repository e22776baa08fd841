import { backend, type TensorInfo } from '@tensorflow/tfjs-core';
import type { TrainingBackend } from './training-backend.ts';
import { u32 } from './uniforms.ts';

const size = 64;

/**
 * From now on each buffer that is freed is filled with NaN, and the pool hands it out like that: a kernel that reads what nobody wrote,
 * or beyond a tensor's end, gives NaN. Called while WebGPU is the backend; what it returns puts the backend back as it was, for the files that follow in the process.
 */
export function poisonFreedMemory(): () => void {
  const gpu = backend() as TrainingBackend;
  const free = gpu.disposeData;
  gpu.disposeData = function (this: TrainingBackend, dataId, force = false) {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    if (data?.resource && (force || data.refCount === 1) && data.dtype !== 'complex64') {
      poison(this, { dataId, shape: data.shape, dtype: data.dtype }, this.bufferOf({ dataId }).size / 4);
    }
    return free.call(this, dataId, force);
  };
  return () => {
    gpu.disposeData = free;
  };
}

function poison(gpu: TrainingBackend, out: TensorInfo, count: number): void {
  if (count === 0) return;
  gpu.dispatch({
    name: 'poison',
    read: {},
    write: { out: [out, 'u32'] },
    uniforms: { count: u32(count) },
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i < uniforms.count) { out[i] = 0x7fc00000u; }
}`,
    workgroups: Math.ceil(count / size),
  });
}
