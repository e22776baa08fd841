// Elementwise functions that tfjs computes one by one.
import { expMinusOne4, expWhole4, loadPart, storePart, tanh4, expClamped4 } from './exp';

const INFINITY: f32 = f32.MAX_VALUE * 2;

/** Natural logarithm: Cephes' logf, relative error below 2e-7; -infinity at 0, NaN below. */
@inline
function log4(x: v128): v128 {
  // Subnormal numbers are scaled into the normal range first.
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, tiny);
  const offset = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(offset, 23);
  const m = i32x4.sub(scaled, i32x4.shl(exponent, 23));
  const shift = v128.and(f32x4.splat(-23.0), tiny);
  const e = f32x4.add(f32x4.convert_i32x4_s(exponent), shift);
  const r = f32x4.sub(m, f32x4.splat(1.0));
  let p = f32x4.add(f32x4.mul(f32x4.splat(7.0376836292e-2), r), f32x4.splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(3.3333331174e-1));
  const square = f32x4.mul(r, r);
  let y = f32x4.mul(f32x4.mul(p, r), square);
  y = f32x4.add(y, f32x4.mul(e, f32x4.splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(square, f32x4.splat(0.5)));
  y = f32x4.add(f32x4.add(r, y), f32x4.mul(e, f32x4.splat(0.693359375)));
  y = v128.bitselect(f32x4.splat(-INFINITY), y, f32x4.eq(x, f32x4.splat(0)));
  // Infinity and NaN stay what they are; a negative number gives NaN.
  y = v128.bitselect(y, x, f32x4.lt(x, f32x4.splat(INFINITY)));
  return v128.or(y, f32x4.lt(x, f32x4.splat(0)));
}

/** Error function: a Taylor polynomial up to 0.5, beyond 1 - erfc by the Chebyshev fit of Numerical Recipes. */
@inline
function erf4(x: v128): v128 {
  const q = f32x4.mul(x, x);
  let s = f32x4.add(f32x4.mul(q, f32x4.splat(1.2055332e-4)), f32x4.splat(-8.5483279e-4));
  s = f32x4.add(f32x4.mul(s, q), f32x4.splat(5.2239776e-3));
  s = f32x4.add(f32x4.mul(s, q), f32x4.splat(-2.6866171e-2));
  s = f32x4.add(f32x4.mul(s, q), f32x4.splat(1.1283792e-1));
  s = f32x4.add(f32x4.mul(s, q), f32x4.splat(-3.7612639e-1));
  s = f32x4.add(f32x4.mul(s, q), f32x4.splat(1.1283792));
  const near = f32x4.mul(s, x);
  const z = f32x4.abs(x);
  const t = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), f32x4.mul(z, f32x4.splat(0.5))));
  let p = f32x4.add(f32x4.mul(t, f32x4.splat(0.17087277)), f32x4.splat(-0.82215223));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.48851587));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.13520398));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.27886807));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.18628806));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.09678418));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.37409196));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.00002368));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.26551223));
  const tail = f32x4.mul(t, expClamped4(f32x4.sub(p, q)));
  const far = v128.or(f32x4.sub(f32x4.splat(1), tail), v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(near, far, f32x4.lt(z, f32x4.splat(0.5)));
}

@inline
function elu4(x: v128): v128 {
  return v128.bitselect(expMinusOne4(x), x, f32x4.lt(x, f32x4.splat(0)));
}

@inline
function apply4(kind: i32, x: v128): v128 {
  if (kind == 0) return expWhole4(x);
  if (kind == 1) return tanh4(x);
  if (kind == 2) return erf4(x);
  if (kind == 3) return log4(x);
  return elu4(x);
}

@inline
function each(kind: i32, size: i32, x: usize, y: usize): void {
  const end = x + ((<usize>size & ~3) << 2);
  for (; x < end; x += 16) {
    v128.store(y, apply4(kind, v128.load(x)));
    y += 16;
  }
  const rest = size & 3;
  if (rest) storePart(y, apply4(kind, loadPart(x, rest)), rest);
}

export function exp(size: i32, x: usize, y: usize): void {
  each(0, size, x, y);
}
export function tanh(size: i32, x: usize, y: usize): void {
  each(1, size, x, y);
}
export function erf(size: i32, x: usize, y: usize): void {
  each(2, size, x, y);
}
export function log(size: i32, x: usize, y: usize): void {
  each(3, size, x, y);
}
export function elu(size: i32, x: usize, y: usize): void {
  each(4, size, x, y);
}

/** y = the larger (or, with `least`, the smaller) of a and b; NaN if one is. */
export function extremum(size: i32, a: usize, b: usize, y: usize, least: bool): void {
  const end = y + (<usize>size << 2);
  const end4 = y + ((<usize>size & ~3) << 2);
  for (; y < end4; y += 16) {
    const u = v128.load(a);
    const v = v128.load(b);
    v128.store(y, least ? f32x4.min(u, v) : f32x4.max(u, v));
    a += 16;
    b += 16;
  }
  for (; y < end; y += 4) {
    const u = load<f32>(a);
    const v = load<f32>(b);
    store<f32>(y, least ? min(u, v) : max(u, v));
    a += 4;
    b += 4;
  }
}
