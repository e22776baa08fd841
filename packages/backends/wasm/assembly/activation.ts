// GELU, SiLU and hard swish with their gradients, elementwise. Grad kernels give dx = dy f'(x).
import { expClamped4, loadPart, sigmoid4, storePart } from './exp';

/**
 * Upper tail of the normal distribution at |x|, divided by e^(-x^2 / 2): a polynomial of degree 9 in t = 1 / (1 + |x| / sqrt 8), fitted on [0, 13].
 * Its relative error is below 4e-7, so that both tails keep their relative accuracy.
 */
@inline
function scaledTail4(x: v128): v128 {
  const t = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.abs(x), f32x4.splat(0.35355339059327376))));
  let p = f32x4.add(f32x4.mul(t, f32x4.splat(-0.029496638501310707)), f32x4.splat(0.14210218938893526));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.24321473506637664));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.1385908771377545));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.01300629391025293));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.10121297571787818));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.12158507378718149));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.14118305678815463));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.14104347336464046));
  return f32x4.mul(p, t);
}

/** Normal distribution function, from e^(-x^2 / 2). */
@inline
function normalCdf4(x: v128, bell: v128): v128 {
  const tail = f32x4.mul(scaledTail4(x), bell);
  return v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
}

@inline
function bell4(x: v128): v128 {
  return expClamped4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

@inline
function gelu4(x: v128): v128 {
  return f32x4.mul(x, normalCdf4(x, bell4(x)));
}

@inline
function geluGrad4(x: v128): v128 {
  const bell = bell4(x);
  return f32x4.add(normalCdf4(x, bell), f32x4.mul(f32x4.mul(x, bell), f32x4.splat(0.39894228040143268)));
}

/** sqrt(2 / pi) (x + 0.044715 x^3) twice: tanh of one is 2 sigmoid of the other - 1. */
@inline
function tanhArgument4(x: v128): v128 {
  const inner = f32x4.add(f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.044715)), f32x4.splat(1));
  return f32x4.mul(f32x4.mul(x, inner), f32x4.splat(1.5957691216057308));
}

@inline
function geluTanh4(x: v128): v128 {
  return f32x4.mul(x, sigmoid4(tanhArgument4(x)));
}

@inline
function geluTanhGrad4(argument: v128): v128 {
  // Beyond ±10 the slope is 0 or 1 in float32; holding x there keeps x^2 from overflowing, which times 0 were no number.
  const x = f32x4.pmin(f32x4.pmax(argument, f32x4.splat(-10.0)), f32x4.splat(10.0));
  const s = sigmoid4(tanhArgument4(x));
  const slope = f32x4.mul(
    f32x4.add(f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.134145)), f32x4.splat(1)), f32x4.splat(1.5957691216057308));
  const bend = f32x4.mul(f32x4.mul(x, slope), f32x4.mul(s, f32x4.sub(f32x4.splat(1), s)));
  return f32x4.add(s, bend);
}

@inline
function silu4(x: v128): v128 {
  return f32x4.mul(x, sigmoid4(x));
}

@inline
function siluGrad4(x: v128): v128 {
  const s = sigmoid4(x);
  return f32x4.mul(s, f32x4.add(f32x4.splat(1), f32x4.mul(x, f32x4.sub(f32x4.splat(1), s))));
}

@inline
function hardSwish4(x: v128): v128 {
  const gate = f32x4.pmin(f32x4.pmax(f32x4.add(x, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6));
  return f32x4.mul(f32x4.mul(x, gate), f32x4.splat(1.0 / 6.0));
}

@inline
function hardSwishGrad4(x: v128): v128 {
  const inside = f32x4.add(f32x4.mul(x, f32x4.splat(1.0 / 3.0)), f32x4.splat(0.5));
  const above = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.splat(1));
  return v128.bitselect(inside, above, f32x4.lt(f32x4.abs(x), f32x4.splat(3)));
}

@inline
function value4(kind: i32, x: v128): v128 {
  if (kind == 0) return gelu4(x);
  if (kind == 1) return geluTanh4(x);
  if (kind == 2) return silu4(x);
  return hardSwish4(x);
}

@inline
function derivative4(kind: i32, x: v128): v128 {
  if (kind == 0) return geluGrad4(x);
  if (kind == 1) return geluTanhGrad4(x);
  if (kind == 2) return siluGrad4(x);
  return hardSwishGrad4(x);
}

@inline
function forward(kind: i32, size: i32, x: usize, y: usize): void {
  const end = x + ((<usize>size & ~3) << 2);
  for (; x < end; x += 16) {
    v128.store(y, value4(kind, v128.load(x)));
    y += 16;
  }
  const rest = size & 3;
  if (rest) storePart(y, value4(kind, loadPart(x, rest)), rest);
}

@inline
function backward(kind: i32, size: i32, dy: usize, x: usize, dx: usize): void {
  const end = x + ((<usize>size & ~3) << 2);
  for (; x < end; x += 16) {
    v128.store(dx, f32x4.mul(v128.load(dy), derivative4(kind, v128.load(x))));
    dy += 16;
    dx += 16;
  }
  const rest = size & 3;
  if (rest) storePart(dx, f32x4.mul(loadPart(dy, rest), derivative4(kind, loadPart(x, rest))), rest);
}

// One function each, so that the compiler keeps the constants of one alone.

export function gelu(size: i32, x: usize, y: usize): void {
  forward(0, size, x, y);
}
export function geluTanh(size: i32, x: usize, y: usize): void {
  forward(1, size, x, y);
}
export function silu(size: i32, x: usize, y: usize): void {
  forward(2, size, x, y);
}
export function hardSwish(size: i32, x: usize, y: usize): void {
  forward(3, size, x, y);
}
export function geluGrad(size: i32, dy: usize, x: usize, dx: usize): void {
  backward(0, size, dy, x, dx);
}
export function geluTanhGrad(size: i32, dy: usize, x: usize, dx: usize): void {
  backward(1, size, dy, x, dx);
}
export function siluGrad(size: i32, dy: usize, x: usize, dx: usize): void {
  backward(2, size, dy, x, dx);
}
export function hardSwishGrad(size: i32, dy: usize, x: usize, dx: usize): void {
  backward(3, size, dy, x, dx);
}

/** dy where y is above 0 and below `ceiling`: the gradients of ReLU and, with 6, of ReLU6. */
export function reluGrad(size: i32, ceiling: f32, dy: usize, y: usize, dx: usize): void {
  const zero = f32x4.splat(0);
  const top = f32x4.splat(ceiling);
  const end = y + ((<usize>size & ~3) << 2);
  for (; y < end; y += 16) {
    const value = v128.load(y);
    v128.store(dx, v128.and(v128.load(dy), v128.and(f32x4.gt(value, zero), f32x4.lt(value, top))));
    dy += 16;
    dx += 16;
  }
  const rest = size & 3;
  if (!rest) return;
  const value = loadPart(y, rest);
  storePart(dx, v128.and(loadPart(dy, rest), v128.and(f32x4.gt(value, zero), f32x4.lt(value, top))), rest);
}
