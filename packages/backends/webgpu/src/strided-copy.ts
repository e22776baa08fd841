import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, axisUniforms, countOf, merged, walk } from './axes.ts';
import type { TrainingBackend } from './training-backend.ts';
import { i32, u32 } from './uniforms.ts';

const size = 64;

/** Elements of these dtypes take four bytes on the device. Of complex64 real and imaginary parts are tensors of their own. */
export function isCopyable({ dtype }: TensorInfo): boolean {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

/**
 * `out[outAt + Σ i_d · target_d] = x[xAt + Σ i_d · source_d]` over all axes d, bit for bit; the strides of an axis are
 * source and target. Four elements at once where all that is copied and left out comes in fours.
 */
export function stridedCopy(
  gpu: TrainingBackend,
  x: TensorInfo,
  out: TensorInfo,
  walked: readonly Axis[],
  [xAt, outAt]: readonly [number, number] = [0, 0],
): void {
  if (countOf(walked) === 0) return;
  const whole = merged(walked);
  const inFours = comesInFours(whole, [xAt, outAt], [x, out]);
  const axes = inFours ? divided(whole) : whole;
  const unit = inFours ? 4 : 1;
  const count = countOf(axes);
  const type = inFours ? 'vec4<u32>' : 'u32';
  gpu.dispatch({
    name: 'strided-copy',
    variant: String(axes.length),
    read: { x: [x, type] },
    write: { out: [out, type] },
    uniforms: {
      count: u32(count),
      xStart: i32(xAt / unit),
      outStart: i32(outAt / unit),
      ...axisUniforms(axes, ['xAt', 'outAt']),
    },
    code: () => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.count) { return; }
  var xAt = uniforms.xStart;
  var outAt = uniforms.outStart;
  ${walk(axes.length, ['xAt', 'outAt'])}
  out[outAt] = x[xAt];
}`,
    workgroups: Math.ceil(count / size),
  });
}

function comesInFours(axes: readonly Axis[], starts: readonly number[], ends: readonly TensorInfo[]): boolean {
  const last = axes.at(-1)!;
  return (
    last.size % 4 === 0 &&
    last.strides.every((stride) => stride === 1) &&
    axes.slice(0, -1).every(({ strides }) => strides.every((stride) => stride % 4 === 0)) &&
    starts.every((start) => start % 4 === 0) &&
    ends.every(({ shape }) => shape.reduce((product, extent) => product * extent, 1) % 4 === 0)
  );
}

function divided(axes: readonly Axis[]): Axis[] {
  const last = axes.at(-1)!;
  const outer = axes.slice(0, -1).map(({ size: extent, strides }) => ({
    size: extent,
    strides: strides.map((stride) => stride / 4),
  }));
  return [...outer, { size: last.size / 4, strides: last.strides }];
}
