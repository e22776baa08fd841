import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';

const size = 256;
/** Of a histogram of 11 bits. */
const bins = 2048;

/**
 * The `count` elements of largest magnitude of each sample, among equals the first, in their order, and a bit for each element
 * that says whether it is one of them. The smallest magnitude kept is found digit by digit, 11, 10 and 10 bits of the float at a time.
 * One workgroup a sample; each invocation has a stretch of it.
 */
export function registerSparse(): void {
  kernel<{ x: TensorInfo }, { samples: number; count: number }>(
    'tapgrad.PackSparse',
    ({ inputs: { x }, attrs: { samples, count }, gpu }) => {
      const elements = util.sizeFromShape(x.shape);
      const words = Math.ceil(elements / 32);
      const mask = callKernel(gpu, 'Fill', {}, { shape: [words], value: 0, dtype: 'int32' });
      const values = gpu.output([samples, count]);
      if (elements === 0 || count === 0) return [mask, values];
      gpu.dispatch({
        name: 'pack-sparse',
        read: { x: [x, 'f32'] },
        write: { mask: [mask, 'atomic<u32>'], values: [values, 'f32'] },
        uniforms: { samples: u32(samples), width: u32(elements / samples), keep: u32(count) },
        code: () => packer,
        workgroups: samples,
      });
      return [mask, values];
    },
  );
  kernel<{ mask: TensorInfo; values: TensorInfo }, { shape: readonly number[] }>(
    'tapgrad.UnpackSparse',
    ({ inputs: { mask, values }, attrs: { shape }, gpu }) => {
      const y = gpu.output(shape);
      const [samples, keep] = values.shape as [number, number];
      const elements = util.sizeFromShape([...shape]);
      if (elements === 0) return y;
      gpu.dispatch({
        name: 'unpack-sparse',
        read: { mask: [mask, 'u32'], values: [values, 'f32'] },
        write: { y: [y, 'f32'] },
        uniforms: { samples: u32(samples), width: u32(elements / samples), keep: u32(keep) },
        code: () => unpacker,
        workgroups: samples,
      });
      return y;
    },
  );
}

/** Begins `main`: the sample's elements, and the stretch of them that this invocation has. */
const begin = `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let sample = group.y * groups.x + group.x;
  if (sample >= uniforms.samples) { return; }
  let first = sample * uniforms.width;
  let stretch = (uniforms.width + ${size - 1}u) / ${size}u;
  let start = first + min(local * stretch, uniforms.width);
  let end = first + min((local + 1u) * stretch, uniforms.width);`;

/** `before(mine, local)`: the sum of what the invocations before this one have. */
const prefix = `
var<workgroup> sums: array<vec2u, ${size}>;
fn before(mine: vec2u, local: u32) -> vec2u {
  sums[local] = mine;
  for (var distance = 1u; distance < ${size}u; distance <<= 1u) {
    workgroupBarrier();
    var sum = sums[local];
    if (local >= distance) { sum += sums[local - distance]; }
    workgroupBarrier();
    sums[local] = sum;
  }
  return sums[local] - mine;
}`;

const packer = `
var<workgroup> histogram: array<atomic<u32>, ${bins}>;
var<workgroup> found: vec2u;
${prefix}
fn magnitude(i: u32) -> u32 { return bitcast<u32>(x[i]) & 0x7fffffffu; }
${begin}
  // The digits found so far, and how many elements that begin with them are wanted.
  var threshold = 0u;
  var wanted = uniforms.keep;
  for (var round = 0u; round < 3u; round++) {
    let width = select(10u, 11u, round == 0u);
    let shift = 20u - 10u * round;
    for (var bin = local; bin < ${bins}u; bin += ${size}u) { atomicStore(&histogram[bin], 0u); }
    workgroupBarrier();
    for (var i = start; i < end; i++) {
      let m = magnitude(i);
      if ((m >> shift) >> width == threshold) { atomicAdd(&histogram[(m >> shift) & ((1u << width) - 1u)], 1u); }
    }
    workgroupBarrier();
    if (local == 0u) {
      var digit = (1u << width) - 1u;
      var left = wanted;
      for (; digit > 0u; digit--) {
        let inside = atomicLoad(&histogram[digit]);
        if (inside >= left) { break; }
        left -= inside;
      }
      found = vec2u((threshold << width) | digit, left);
    }
    let both = workgroupUniformLoad(&found);
    threshold = both.x;
    wanted = both.y;
  }
  var counts = vec2u();
  for (var i = start; i < end; i++) {
    let m = magnitude(i);
    counts += vec2u(u32(m > threshold), u32(m == threshold));
  }
  var passed = before(counts, local);
  for (var i = start; i < end; i++) {
    let m = magnitude(i);
    if (m > threshold || (m == threshold && passed.y < wanted)) {
      values[sample * uniforms.keep + passed.x + min(passed.y, wanted)] = x[i];
      atomicOr(&mask[i / 32u], 1u << (i % 32u));
    }
    passed += vec2u(u32(m > threshold), u32(m == threshold));
  }
}`;

const unpacker = `
${prefix}
fn is_kept(i: u32) -> u32 { return (mask[i / 32u] >> (i % 32u)) & 1u; }
${begin}
  var count = 0u;
  for (var i = start; i < end; i++) { count += is_kept(i); }
  var at = sample * uniforms.keep + before(vec2u(count, 0u), local).x;
  for (var i = start; i < end; i++) {
    var value = 0.0;
    if (is_kept(i) == 1u) {
      value = values[at];
      at++;
    }
    y[i] = value;
  }
}`;
