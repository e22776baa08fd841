import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';

type Format = 'float16' | 'bfloat16';

/**
 * Numbers of 16 bits, two in a word: to the nearest, ties to even, the largest for what is larger. In integers: WGSL's own
 * `pack2x16float` may round either way, and gives infinity or anything where a number is too large.
 */
export function registerHalf(): void {
  kernel<{ x: TensorInfo }, { format: Format }>('tapgrad.PackHalf', ({ inputs: { x }, attrs: { format }, gpu }) => {
    const size = util.sizeFromShape(x.shape);
    const count = Math.ceil(size / 2);
    const words = gpu.output([count], 'int32');
    if (count === 0) return words;
    gpu.dispatch({
      name: 'pack-half',
      variant: format,
      read: { x: [x, 'u32'] },
      write: { words: [words, 'u32'] },
      uniforms: { count: u32(count), size: u32(size) },
      code: () => `${narrow[format]}
fn narrow(bits: u32) -> u32 { return ((bits >> 16u) & 0x8000u) | magnitude(bits & 0x7fffffffu); }
${main(`
  var word = narrow(x[2u * i]);
  if (2u * i + 1u < uniforms.size) { word |= narrow(x[2u * i + 1u]) << 16u; }
  words[i] = word;`)}`,
      workgroups: Math.ceil(count / flat),
    });
    return words;
  });
  kernel<{ words: TensorInfo }, { format: Format; shape: readonly number[] }>(
    'tapgrad.UnpackHalf',
    ({ inputs: { words }, attrs: { format, shape }, gpu }) => {
      const y = gpu.output(shape);
      const count = util.sizeFromShape([...shape]);
      if (count === 0) return y;
      gpu.dispatch({
        name: 'unpack-half',
        variant: format,
        read: { words: [words, 'u32'] },
        write: { y: [y, 'f32'] },
        uniforms: { count: u32(count) },
        code: () => `${widen[format]}
${main('y[i] = widen((words[i / 2u] >> (16u * (i % 2u))) & 0xffffu);')}`,
        workgroups: Math.ceil(count / flat),
      });
      return y;
    },
  );
}

/** `magnitude(m)`: the 15 bits of a number, of the 31 of a float32. */
const narrow: Readonly<Record<Format, string>> = {
  float16: `
fn magnitude(all: u32) -> u32 {
  let m = min(all, 0x477fe000u);
  if (m >= 0x38800000u) { return (m - 0x38000000u + 0xfffu + ((m >> 13u) & 1u)) >> 13u; }
  // Below 2^-14: a multiple of 2^-24.
  let shift = 126u - (m >> 23u);
  if (shift > 25u) { return 0u; }
  let digits = (m & 0x7fffffu) | 0x800000u;
  return (digits + (1u << (shift - 1u)) - 1u + ((digits >> shift) & 1u)) >> shift;
}`,
  bfloat16: `
fn magnitude(all: u32) -> u32 {
  let m = min(all, 0x7f7f0000u);
  return (m + 0x7fffu + ((m >> 16u) & 1u)) >> 16u;
}`,
};

const widen: Readonly<Record<Format, string>> = {
  float16: `
fn widen(h: u32) -> f32 {
  let sign = (h & 0x8000u) << 16u;
  let m = h & 0x7fffu;
  if (m < 0x400u) { return bitcast<f32>(sign | bitcast<u32>(f32(m) * 5.9604644775390625e-8)); }
  return bitcast<f32>(sign | ((m << 13u) + 0x38000000u));
}`,
  bfloat16: `
fn widen(h: u32) -> f32 { return bitcast<f32>(h << 16u); }`,
};
