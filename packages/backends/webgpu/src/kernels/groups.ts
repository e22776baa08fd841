import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';
import { apart, codeAt } from '../wgsl/code-words.ts';
import { flat, main } from '../wgsl/flat.ts';

interface Format {
  readonly bits: number;
  /** A multiple of 32. */
  readonly group: number;
  readonly scales: 'bfloat16' | 'float32';
}
interface PackGroups extends Format {
  readonly stochastic: boolean;
  readonly seed: number;
}
interface UnpackGroups extends Format {
  readonly shape: readonly number[];
}

const size = 64;

/**
 * code = ⌊(x − least) / step + u⌋ with step = (largest − least) / (2^bits − 1) of each group of consecutive elements; least and step
 * rounded outwards to bfloat16, in one word, or two floats. u = ½, or the hash of seed and element that every backend makes.
 * Back: code · step + least. One workgroup a group; the words are those of wasm where the device divides exactly.
 */
export function registerGroups(): void {
  kernel<{ x: TensorInfo }, PackGroups>('tapgrad.PackGroups', ({ inputs: { x }, attrs, gpu }) => {
    const { bits, group, scales, stochastic, seed } = attrs;
    const elements = util.sizeFromShape(x.shape);
    const groups = Math.ceil(elements / group);
    const half = scales === 'bfloat16';
    const codes = gpu.output([Math.ceil((elements * bits) / 32)], 'int32');
    const ranges = half ? gpu.output([groups], 'int32') : gpu.output([groups, 2]);
    if (elements === 0) return [codes, ranges];
    gpu.dispatch({
      name: 'pack-groups',
      variant: `${bits} ${half} ${stochastic}`,
      read: { x: [x, 'f32'] },
      write: { words: [codes, 'u32'], ranges: [ranges, half ? 'u32' : 'f32'] },
      uniforms: { size: u32(elements), group: u32(group), groups: u32(groups), seed: u32(seed >>> 0), zero: u32(0) },
      code: () => packer(attrs),
      workgroups: groups,
    });
    return [codes, ranges];
  });
  kernel<{ codes: TensorInfo; ranges: TensorInfo }, UnpackGroups>(
    'tapgrad.UnpackGroups',
    ({ inputs: { codes, ranges }, attrs: { bits, group, scales, shape }, gpu }) => {
      const y = gpu.output(shape);
      const half = scales === 'bfloat16';
      const count = util.sizeFromShape([...shape]);
      if (count === 0) return y;
      const range = half
        ? 'let both = ranges[g]; let least = bitcast<f32>(both << 16u); let step = bitcast<f32>(both & 0xffff0000u);'
        : 'let least = ranges[2u * g]; let step = ranges[2u * g + 1u];';
      gpu.dispatch({
        name: 'unpack-groups',
        variant: `${bits} ${half}`,
        read: { words: [codes, 'u32'], ranges: [ranges, half ? 'u32' : 'f32'] },
        write: { y: [y, 'f32'] },
        uniforms: { count: u32(count), group: u32(group), zero: u32(0) },
        code: () => `${codeAt(bits)}${apart}
${main(`let g = i / uniforms.group;
  ${range}
  y[i] = apart(f32(code_at(i)) * step) + least;`)}`,
        workgroups: Math.ceil(count / flat),
      });
      return y;
    },
  );
}

function packer({ bits, scales, stochastic }: PackGroups): string {
  const top = 2 ** bits - 1;
  const perWord = 32 / bits;
  const rounded = `
  let low = brain_float(least, false);
  least = bitcast<f32>(low);
  let high = brain_float((largest - least) / ${top}.0, true);
  let step = bitcast<f32>(high);
  if (local == 0u) { ranges[g] = (low >> 16u) | high; }`;
  const exact = `
  let step = (largest - least) / ${top}.0;
  if (local == 0u) { ranges[2u * g] = least; ranges[2u * g + 1u] = step; }`;
  return `${apart}
// The bfloat16 number next to a float, in its upper half; below 2^-126: 0 or 2^-126.
fn brain_float(value: f32, up: bool) -> u32 {
  let bits = bitcast<u32>(value);
  let size = bits & 0x7fffffffu;
  let grows = size != 0u && ((bits >> 31u) == select(1u, 0u, up));
  if (size < 0x00800000u) { return select(0u, (bits & 0x80000000u) | 0x00800000u, grows); }
  return select(bits, bits + 0xffffu, grows) & 0xffff0000u;
}
// lowbias32 (C. Wellons' hash search) of seed and number, as a float in [0, 1) on 24 bits.
fn noise(i: u32) -> f32 {
  var x = uniforms.seed + i * 0x9e3779b9u;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return f32((x ^ (x >> 16u)) >> 8u) * 5.9604644775390625e-8;
}
var<workgroup> ends: array<vec2f, ${size}>;
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = group.y * groups.x + group.x;
  if (g >= uniforms.groups) { return; }
  let first = g * uniforms.group;
  let end = min(first + uniforms.group, uniforms.size);
  var mine = vec2f(x[first]);
  for (var i = first + local; i < end; i += ${size}u) { mine = vec2f(min(mine.x, x[i]), max(mine.y, x[i])); }
  ends[local] = mine;
  for (var half = ${size / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) {
      let a = ends[local];
      let b = ends[local + half];
      ends[local] = vec2f(min(a.x, b.x), max(a.y, b.y));
    }
  }
  workgroupBarrier();
  var least = ends[0].x;
  let largest = ends[0].y;
  ${scales === 'bfloat16' ? rounded : exact}
  var inverse = 0.0;
  if (step != 0.0) { inverse = 1.0 / step; }
  for (var start = first + local * ${perWord}u; start < end; start += ${size * perWord}u) {
    var word = 0u;
    for (var k = 0u; k < ${perWord}u && start + k < end; k++) {
      let i = start + k;
      let scaled = apart((x[i] - least) * inverse) + ${stochastic ? 'noise(i)' : '0.5'};
      word |= u32(clamp(floor(scaled), 0.0, ${top}.0)) << (k * ${bits}u);
    }
    words[start / ${perWord}u] = word;
  }
}`;
}
