// In-place updates of parameters and gradients.
import { loadPart, storePart } from './exp';
import { rowAdd } from './rows';

@inline
function step4(p: v128, g: v128, m: v128, v: v128, keep: v128, rate: v128, rootScale: v128, epsilon: v128): v128 {
  const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), rootScale), epsilon);
  return f32x4.sub(f32x4.mul(p, keep), f32x4.div(f32x4.mul(m, rate), denominator));
}

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2): m and v are the running moments, `keep` = 1 - learning rate * weight decay,
 * `rate` = learning rate / (1 - beta1^t), `rootScale` = 1 / sqrt(1 - beta2^t).
 */
export function adamW(
  size: i32, p: usize, g: usize, m: usize, v: usize,
  beta1: f32, beta2: f32, rest1: f32, rest2: f32, epsilon: f32, keep: f32, rate: f32, rootScale: f32,
): void {
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const r1 = f32x4.splat(rest1);
  const r2 = f32x4.splat(rest2);
  const e = f32x4.splat(epsilon);
  const k = f32x4.splat(keep);
  const r = f32x4.splat(rate);
  const s = f32x4.splat(rootScale);
  const end = p + ((<usize>size & ~3) << 2);
  for (; p < end; p += 16) {
    const gradient = v128.load(g);
    const first = f32x4.add(f32x4.mul(v128.load(m), b1), f32x4.mul(gradient, r1));
    const second = f32x4.add(f32x4.mul(v128.load(v), b2), f32x4.mul(f32x4.mul(gradient, gradient), r2));
    v128.store(m, first);
    v128.store(v, second);
    v128.store(p, step4(v128.load(p), gradient, first, second, k, r, s, e));
    g += 16;
    m += 16;
    v += 16;
  }
  const rest = size & 3;
  if (!rest) return;
  const gradient = loadPart(g, rest);
  const first = f32x4.add(f32x4.mul(loadPart(m, rest), b1), f32x4.mul(gradient, r1));
  const second = f32x4.add(f32x4.mul(loadPart(v, rest), b2), f32x4.mul(f32x4.mul(gradient, gradient), r2));
  storePart(m, first, rest);
  storePart(v, second, rest);
  storePart(p, step4(loadPart(p, rest), gradient, first, second, k, r, s, e), rest);
}

/** a += b. */
export function addInPlace(size: i32, a: usize, b: usize): void {
  rowAdd(a, b, size);
}
