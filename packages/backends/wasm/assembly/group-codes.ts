// Codes of groups of consecutive elements, each between the group's own least and largest value.
import { apart, endOf, loadBlock, loadBytes, storeBlock, storeLast, together } from './code-words';

/** The bfloat16 number next to a float, in its upper half; towards plus infinity with `up`. Below 2^-126: 0 or 2^-126. */
@inline
function brainFloat(value: f32, up: bool): u32 {
  const bits = reinterpret<u32>(value);
  const grows = up ? value > 0 : value < 0;
  if ((bits & 0x7fffffff) < 0x00800000) return grows ? (bits & 0x80000000) | 0x00800000 : 0;
  return (grows ? bits + 0xffff : bits) & 0xffff0000;
}

/** `lowbias32` (C. Wellons' hash search) of seed and number, as a float in [0, 1) on 24 bits. */
@inline
function noise4(state: v128): v128 {
  let x = state;
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(<i32>0x846ca68b));
  x = i32x4.shr_u(v128.xor(x, i32x4.shr_u(x, 16)), 8);
  return f32x4.mul(f32x4.convert_i32x4_s(x), f32x4.splat(5.9604644775390625e-8));
}

@inline
function least1(x: usize, count: i32): f32 {
  let m0 = v128.load32_splat(x);
  let m1 = m0;
  let i = 0;
  for (; i <= count - 8; i += 8) {
    const at = x + (<usize>i << 2);
    m0 = f32x4.min(m0, v128.load(at));
    m1 = f32x4.min(m1, v128.load(at, 16));
  }
  m0 = f32x4.min(m0, m1);
  let least = min(min(f32x4.extract_lane(m0, 0), f32x4.extract_lane(m0, 1)), min(f32x4.extract_lane(m0, 2), f32x4.extract_lane(m0, 3)));
  for (; i < count; i++) least = min(least, load<f32>(x + (<usize>i << 2)));
  return least;
}

@inline
function largest1(x: usize, count: i32): f32 {
  let m0 = v128.load32_splat(x);
  let m1 = m0;
  let i = 0;
  for (; i <= count - 8; i += 8) {
    const at = x + (<usize>i << 2);
    m0 = f32x4.max(m0, v128.load(at));
    m1 = f32x4.max(m1, v128.load(at, 16));
  }
  m0 = f32x4.max(m0, m1);
  let largest = max(max(f32x4.extract_lane(m0, 0), f32x4.extract_lane(m0, 1)), max(f32x4.extract_lane(m0, 2), f32x4.extract_lane(m0, 3)));
  for (; i < count; i++) largest = max(largest, load<f32>(x + (<usize>i << 2)));
  return largest;
}

/** Codes of four values as int32: floor((x - least) * inverse + u), within [0, top]. */
@inline
function codes4(x: v128, least: v128, inverse: v128, u: v128, top: v128): v128 {
  const scaled = f32x4.add(f32x4.mul(f32x4.sub(x, least), inverse), u);
  return i32x4.min_s(i32x4.max_s(i32x4.trunc_sat_f32x4_s(f32x4.floor(scaled)), i32x4.splat(0)), top);
}

/** As many as `left` of four floats; the others are 0. */
@inline
function loadUpTo(x: usize, left: i32): v128 {
  if (left >= 4) return v128.load(x);
  let v = f32x4.splat(0);
  if (left > 0) v = f32x4.replace_lane(v, 0, load<f32>(x));
  if (left > 1) v = f32x4.replace_lane(v, 1, load<f32>(x, 4));
  if (left > 2) v = f32x4.replace_lane(v, 2, load<f32>(x, 8));
  return v;
}

const golden: i32 = <i32>0x9e3779b9;

/**
 * `half` keeps a group's least value and step in one word, as bfloat16 numbers rounded outwards, else as two floats.
 * A group is a multiple of 32.
 */
export function packGroups(
  size: i32, group: i32, x: usize, bits: i32, half: bool, stochastic: bool, seed: i32, words: usize, ranges: usize,
): void {
  const end = endOf(words, size, bits);
  const topCode = (1 << bits) - 1;
  const top = i32x4.splat(topCode);
  const middle = f32x4.splat(0.5);
  const lanes = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(golden));
  const four = i32x4.splat(golden * 4);
  for (let from = 0; from < size; from += group) {
    const count = min(group, size - from);
    let least = least1(x, count);
    const largest = largest1(x, count);
    let step: f32;
    if (half) {
      const low = brainFloat(least, false);
      least = reinterpret<f32>(low);
      const high = brainFloat((largest - least) / <f32>topCode, true);
      step = reinterpret<f32>(high);
      store<u32>(ranges, (low >> 16) | high);
      ranges += 4;
    } else {
      step = (largest - least) / <f32>topCode;
      store<f32>(ranges, least);
      store<f32>(ranges, step, 4);
      ranges += 8;
    }
    const inverse: f32 = step == 0 ? 0 : 1 / step;
    const lower = f32x4.splat(least);
    const scale = f32x4.splat(inverse);
    let state = i32x4.add(lanes, i32x4.splat(seed + from * golden));
    for (let i = 0; i < count; i += 8) {
      const left = count - i;
      const first = codes4(loadUpTo(x, left), lower, scale, stochastic ? noise4(state) : middle, top);
      state = i32x4.add(state, four);
      const second = codes4(loadUpTo(x + 16, left - 4), lower, scale, stochastic ? noise4(state) : middle, top);
      state = i32x4.add(state, four);
      const wide = i16x8.narrow_i32x4_u(first, second);
      let eight = <u64>i64x2.extract_lane(i8x16.narrow_i16x8_u(wide, wide), 0);
      if (left < 8) eight &= ((<u64>1) << (8 * left)) - 1;
      const packed = together(eight, bits);
      if (words + bits <= end) storeBlock(words, packed, bits);
      else storeLast(words, packed, bits, end);
      words += bits;
      x += 32;
    }
    x -= (<usize>((8 - (count & 7)) & 7)) << 2;
  }
  storeLast(words, 0, bits, end);
}

@inline
function valuesOf(codes: v128, step: v128, least: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_u(codes), step), least);
}

/** y = code * step + least of its group. */
export function unpackGroups(size: i32, group: i32, words: usize, ranges: usize, bits: i32, half: bool, y: usize): void {
  const end = endOf(words, size, bits);
  for (let from = 0; from < size; from += group) {
    const count = min(group, size - from);
    let least: f32;
    let step: f32;
    if (half) {
      const both = load<u32>(ranges);
      least = reinterpret<f32>(both << 16);
      step = reinterpret<f32>(both & 0xffff0000);
      ranges += 4;
    } else {
      least = load<f32>(ranges);
      step = load<f32>(ranges, 4);
      ranges += 8;
    }
    const lower = f32x4.splat(least);
    const scale = f32x4.splat(step);
    for (let i = 0; i < count; i += 8) {
      let eight = apart(words + bits <= end ? loadBlock(words, bits) : loadBytes(words, <i32>(end - words)), bits);
      words += bits;
      if (count - i >= 8) {
        const wide = i16x8.extend_low_i8x16_u(i64x2.splat(eight));
        v128.store(y, valuesOf(i32x4.extend_low_i16x8_u(wide), scale, lower));
        v128.store(y, valuesOf(i32x4.extend_high_i16x8_u(wide), scale, lower), 16);
        y += 32;
      } else {
        for (let j = i; j < count; j++) {
          store<f32>(y, <f32>(<u32>(eight & 0xff)) * step + least);
          eight >>= 8;
          y += 4;
        }
      }
    }
  }
}
