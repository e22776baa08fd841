// Exponentials of four floats at once. pmin and pmax are one machine instruction each, min and max eight; with the
// argument as first operand they keep a NaN.

/**
 * e^x for x in [-87, 88.7], relative error below 2e-7; beyond, the value at the end. Cephes' expf: a polynomial of degree 6 on
 * [-ln 2 / 2, ln 2 / 2], its exponent field raised by n.
 */
@inline
export function expClamped4(argument: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(argument, f32x4.splat(-87.0)), f32x4.splat(88.7228));
  // Adding 1.5 * 2^23 leaves n, rounded to the nearest integer, in the low bits of the mantissa.
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(12582912.0));
  const n = f32x4.sub(shifted, f32x4.splat(12582912.0));
  // ln 2 in two parts, so that the product with n is exact.
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.9875691500e-4), r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1.0));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/** e^x, an exact 0 below -87; for x up to 88.7. */
@inline
export function exp4(x: v128): v128 {
  return v128.andnot(expClamped4(x), f32x4.lt(x, f32x4.splat(-87.0)));
}

/** e^x for every x: infinity above 88.72. */
@inline
export function expWhole4(x: v128): v128 {
  return v128.bitselect(f32x4.splat(f32.MAX_VALUE * 2), exp4(x), f32x4.gt(x, f32x4.splat(88.7228)));
}

/** e^x - 1 for x up to 88.7, without cancellation near 0. */
@inline
export function expMinusOne4(x: v128): v128 {
  // Taylor to x^8/8! on [-0.5, 0.5]: relative error below 1e-8.
  let p = f32x4.add(f32x4.mul(x, f32x4.splat(2.48015873e-5)), f32x4.splat(1.98412698e-4));
  p = f32x4.add(f32x4.mul(p, x), f32x4.splat(1.38888889e-3));
  p = f32x4.add(f32x4.mul(p, x), f32x4.splat(8.33333333e-3));
  p = f32x4.add(f32x4.mul(p, x), f32x4.splat(4.16666667e-2));
  p = f32x4.add(f32x4.mul(p, x), f32x4.splat(1.66666667e-1));
  p = f32x4.add(f32x4.mul(p, x), f32x4.splat(0.5));
  p = f32x4.add(f32x4.mul(f32x4.mul(p, x), x), x);
  const small = f32x4.lt(f32x4.abs(x), f32x4.splat(0.5));
  return v128.bitselect(p, f32x4.sub(expClamped4(x), f32x4.splat(1.0)), small);
}

/** 1 / (1 + e^-x). */
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1.0), f32x4.add(f32x4.splat(1.0), expClamped4(f32x4.neg(x))));
}

/** tanh x = (e^2x - 1) / (e^2x + 1), by magnitude so that large |x| gives 1. */
@inline
export function tanh4(x: v128): v128 {
  const e = expMinusOne4(f32x4.mul(f32x4.abs(x), f32x4.splat(-2.0)));
  const magnitude = f32x4.neg(f32x4.div(e, f32x4.add(e, f32x4.splat(2.0))));
  const sign = i32x4.splat(0x80000000);
  return v128.or(magnitude, v128.and(x, sign));
}

/** Loads `count` < 4 floats, the rest zero, without touching memory beyond. */
@inline
export function loadPart(address: usize, count: i32): v128 {
  let v = v128.load32_zero(address);
  if (count > 1) v = v128.load_lane<f32>(address, v, 1, 4);
  if (count > 2) v = v128.load_lane<f32>(address, v, 2, 8);
  return v;
}

/** Stores the first `count` < 4 floats. */
@inline
export function storePart(address: usize, v: v128, count: i32): void {
  v128.store_lane<f32>(address, v, 0);
  if (count > 1) v128.store_lane<f32>(address, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(address, v, 2, 8);
}

/** Sum of the four floats. */
@inline
export function sum4(v: v128): f32 {
  const pair = f32x4.add(v, i64x2.shuffle(v, v, 1, 0));
  return f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1);
}

/** Largest of the four floats. */
@inline
export function max4(v: v128): f32 {
  const pair = f32x4.pmax(v, i64x2.shuffle(v, v, 1, 0));
  return max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}
