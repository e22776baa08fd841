// Sums over one row of `d` floats: eight running sums by vector, the rest one by one.
import { sum4 } from './exp';

@inline
export function vectorEnd(row: usize, d: i32): usize {
  return row + ((<usize>d & ~3) << 2);
}

/** Sum of the row. */
export function rowSum(x: usize, d: i32): f32 {
  const end = x + (<usize>d << 2);
  const end8 = x + ((<usize>d & ~7) << 2);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  for (; x < end8; x += 32) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
  }
  let sum = sum4(f32x4.add(a, b));
  for (; x < end; x += 4) sum += load<f32>(x);
  return sum;
}

/** Sum of x[i] y[i]. */
export function rowDot(x: usize, y: usize, d: i32): f32 {
  const end = x + (<usize>d << 2);
  const end8 = x + ((<usize>d & ~7) << 2);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  for (; x < end8; x += 32) {
    a = f32x4.add(a, f32x4.mul(v128.load(x), v128.load(y)));
    b = f32x4.add(b, f32x4.mul(v128.load(x, 16), v128.load(y, 16)));
    y += 32;
  }
  let sum = sum4(f32x4.add(a, b));
  for (; x < end; x += 4) {
    sum += load<f32>(x) * load<f32>(y);
    y += 4;
  }
  return sum;
}

/** Sum of (x[i] - center)^2. */
export function rowDeviation(x: usize, center: f32, d: i32): f32 {
  const end = x + (<usize>d << 2);
  const end8 = x + ((<usize>d & ~7) << 2);
  const c = f32x4.splat(center);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  for (; x < end8; x += 32) {
    const u = f32x4.sub(v128.load(x), c);
    const v = f32x4.sub(v128.load(x, 16), c);
    a = f32x4.add(a, f32x4.mul(u, u));
    b = f32x4.add(b, f32x4.mul(v, v));
  }
  let sum = sum4(f32x4.add(a, b));
  for (; x < end; x += 4) {
    const u = load<f32>(x) - center;
    sum += u * u;
  }
  return sum;
}

/** x[i] *= factor. */
export function rowScale(x: usize, factor: f32, d: i32): void {
  const end = x + (<usize>d << 2);
  const end4 = vectorEnd(x, d);
  const f = f32x4.splat(factor);
  for (; x < end4; x += 16) v128.store(x, f32x4.mul(v128.load(x), f));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/** x[i] += y[i]. */
export function rowAdd(x: usize, y: usize, d: i32): void {
  const end = x + (<usize>d << 2);
  const end4 = vectorEnd(x, d);
  for (; x < end4; x += 16) {
    v128.store(x, f32x4.add(v128.load(x), v128.load(y)));
    y += 16;
  }
  for (; x < end; x += 4) {
    store<f32>(x, load<f32>(x) + load<f32>(y));
    y += 4;
  }
}
