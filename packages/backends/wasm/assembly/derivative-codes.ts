// Codes of a derivative: a value's code is the number of borders that it has passed; back comes the level of that code.
import { apart, endOf, loadBlock, loadBytes, storeBlock, storeLast, together } from './code-words';

/** How many borders each of sixteen values has passed, one a byte. A NaN passes none. */
@inline
function passed16(x: usize, count: i32, borders: usize): v128 {
  const x0 = v128.load(x);
  const x1 = v128.load(x, 16);
  const x2 = v128.load(x, 32);
  const x3 = v128.load(x, 48);
  let c0 = i32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  const end = borders + (<usize>count << 2);
  for (; borders < end; borders += 4) {
    const border = v128.load32_splat(borders);
    c0 = i32x4.sub(c0, f32x4.gt(x0, border));
    c1 = i32x4.sub(c1, f32x4.gt(x1, border));
    c2 = i32x4.sub(c2, f32x4.gt(x2, border));
    c3 = i32x4.sub(c3, f32x4.gt(x3, border));
  }
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(c0, c1), i16x8.narrow_i32x4_u(c2, c3));
}

@inline
function passed(x: f32, count: i32, borders: usize): u64 {
  let code: u64 = 0;
  for (let i = 0; i < count; i++) code += <u64>(x > load<f32>(borders + (<usize>i << 2)));
  return code;
}

/** Packs `bits` bits a value; with 2^bits borders, passing the last one leads back to code 0. */
export function packDerivative(size: i32, x: usize, count: i32, borders: usize, bits: i32, words: usize): void {
  const end = endOf(words, size, bits);
  const largest = (1 << bits) - 1;
  const mask = i8x16.splat(<i8>largest);
  for (; size >= 16; size -= 16) {
    const codes = v128.and(passed16(x, count, borders), mask);
    storeBlock(words, together(i64x2.extract_lane(codes, 0), bits), bits);
    storeBlock(words + bits, together(i64x2.extract_lane(codes, 1), bits), bits);
    x += 64;
    words += 2 * bits;
  }
  for (; size > 0; size -= 8) {
    let eight: u64 = 0;
    for (let i = 0; i < min(size, 8); i++) {
      eight |= (passed(load<f32>(x), count, borders) & <u64>largest) << (8 * i);
      x += 4;
    }
    const packed = together(eight, bits);
    if (words + bits <= end) storeBlock(words, packed, bits);
    else storeLast(words, packed, bits, end);
    words += bits;
  }
  storeLast(words, 0, bits, end);
}

@inline
function scale(dy: usize, levels: v128): v128 {
  return dy ? f32x4.mul(v128.load(dy), levels) : levels;
}

/**
 * y = level of each code, times dy where that is given. The sixteen levels come as four planes of bytes: the lowest
 * bytes of all levels, then the next.
 */
export function unpackDerivative(size: i32, words: usize, bits: i32, planes: usize, dy: usize, y: usize): void {
  const end = endOf(words, size, bits);
  const p0 = v128.load(planes);
  const p1 = v128.load(planes, 16);
  const p2 = v128.load(planes, 32);
  const p3 = v128.load(planes, 48);
  const dyStep: usize = dy ? 64 : 0;
  for (; size >= 16; size -= 16) {
    const low = apart(loadBlock(words, bits), bits);
    const codes = i64x2.replace_lane(i64x2.splat(low), 1, apart(loadBlock(words + bits, bits), bits));
    const b0 = i8x16.swizzle(p0, codes);
    const b1 = i8x16.swizzle(p1, codes);
    const b2 = i8x16.swizzle(p2, codes);
    const b3 = i8x16.swizzle(p3, codes);
    const lower = i8x16.shuffle(b0, b1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const lower2 = i8x16.shuffle(b0, b1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const upper = i8x16.shuffle(b2, b3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const upper2 = i8x16.shuffle(b2, b3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128.store(y, scale(dy, i16x8.shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11)));
    v128.store(y, scale(dy ? dy + 16 : 0, i16x8.shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15)), 16);
    v128.store(y, scale(dy ? dy + 32 : 0, i16x8.shuffle(lower2, upper2, 0, 8, 1, 9, 2, 10, 3, 11)), 32);
    v128.store(y, scale(dy ? dy + 48 : 0, i16x8.shuffle(lower2, upper2, 4, 12, 5, 13, 6, 14, 7, 15)), 48);
    y += 64;
    dy += dyStep;
    words += 2 * bits;
  }
  for (; size > 0; size -= 8) {
    let codes = apart(words + bits <= end ? loadBlock(words, bits) : loadBytes(words, <i32>(end - words)), bits);
    for (let i = 0; i < min(size, 8); i++) {
      const level = levelAt(planes, <usize>(codes & 0xff));
      store<f32>(y, dy ? load<f32>(dy) * level : level);
      codes >>= 8;
      y += 4;
      if (dy) dy += 4;
    }
    words += bits;
  }
}

/** Byte k of every level stands in plane k. */
@inline
function levelAt(planes: usize, code: usize): f32 {
  const at = planes + code;
  const number = (<u32>load<u8>(at)) | ((<u32>load<u8>(at, 16)) << 8) | ((<u32>load<u8>(at, 32)) << 16) | ((<u32>load<u8>(at, 48)) << 24);
  return reinterpret<f32>(number);
}
