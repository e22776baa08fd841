// Softmax and cross-entropy over rows.
import { exp4, loadPart, max4, storePart, sum4 } from './exp';
import { rowScale, rowSum, vectorEnd } from './rows';

/** Largest element. */
export function rowMax(x: usize, d: i32): f32 {
  const end = x + (<usize>d << 2);
  const end4 = vectorEnd(x, d);
  let m = f32x4.splat(-f32.MAX_VALUE * 2);
  for (; x < end4; x += 16) m = f32x4.pmax(v128.load(x), m);
  let largest = max4(m);
  for (; x < end; x += 4) largest = max(largest, load<f32>(x));
  return largest;
}

/** y[i] = e^(x[i] - shift), returns the sum. y may be x; with y = 0 nothing is stored. */
export function rowExp(x: usize, shift: f32, y: usize, d: i32): f32 {
  const end4 = vectorEnd(x, d);
  const s = f32x4.splat(shift);
  let total = f32x4.splat(0);
  for (; x < end4; x += 16) {
    const e = exp4(f32x4.sub(v128.load(x), s));
    total = f32x4.add(total, e);
    if (y) {
      v128.store(y, e);
      y += 16;
    }
  }
  let sum = sum4(total);
  const rest = d & 3;
  if (rest) {
    const e = exp4(f32x4.sub(loadPart(x, rest), s));
    if (y) storePart(y, e, rest);
    sum += f32x4.extract_lane(e, 0);
    if (rest > 1) sum += f32x4.extract_lane(e, 1);
    if (rest > 2) sum += f32x4.extract_lane(e, 2);
  }
  return sum;
}

/** y = softmax of each row of d floats; y may be x. */
export function softmax(rows: i32, d: i32, x: usize, y: usize): void {
  const stride = <usize>d << 2;
  for (let i = 0; i < rows; i++) {
    rowScale(y, <f32>1 / rowExp(x, rowMax(x, d), y, d), d);
    x += stride;
    y += stride;
  }
}

/**
 * Natural logarithm of a positive normal float: 2 atanh of (m - 1) / (m + 1) for the mantissa m in [0.7, 1.4]. In float64,
 * and without the tables that a library's logarithm would lay over the heap.
 */
function logarithm(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  const exponent = (bits - 0x3f3504f3) >> 23;
  const mantissa = <f64>reinterpret<f32>(bits - (exponent << 23));
  const s = (mantissa - 1) / (mantissa + 1);
  const q = s * s;
  const series = 1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11)))));
  return <f32>(2 * s * series + <f64>exponent * 0.69314718055994531);
}

/** Sum of `largest - x[i]`. */
function rowBelow(x: usize, largest: f32, d: i32): f32 {
  const end = x + (<usize>d << 2);
  const end4 = vectorEnd(x, d);
  const top = f32x4.splat(largest);
  let total = f32x4.splat(0);
  for (; x < end4; x += 16) total = f32x4.add(total, f32x4.sub(top, v128.load(x)));
  let sum = sum4(total);
  for (; x < end; x += 4) sum += largest - load<f32>(x);
  return sum;
}

/** Sum of `(largest - x[i]) t[i]`. What has no weight may be infinitely far away. */
function rowBelowDot(x: usize, largest: f32, t: usize, d: i32): f32 {
  const end = x + (<usize>d << 2);
  const end4 = vectorEnd(x, d);
  const top = f32x4.splat(largest);
  const zero = f32x4.splat(0);
  let total = f32x4.splat(0);
  for (; x < end4; x += 16) {
    const weight = v128.load(t);
    const product = f32x4.mul(f32x4.sub(top, v128.load(x)), weight);
    total = f32x4.add(total, v128.and(product, f32x4.ne(weight, zero)));
    t += 16;
  }
  let sum = sum4(total);
  for (; x < end; x += 4) {
    const weight = load<f32>(t);
    if (weight != 0) sum += (largest - load<f32>(x)) * weight;
    t += 4;
  }
  return sum;
}

/**
 * loss[i] = logSumExp(x[i]) * sum(target) - sum(x[i] * target), summed as distances from the largest logit, so that an offset common
 * to all of them costs no accuracy, where target is `1 - smoothing` at the label plus smoothing / d
 * everywhere. A label outside of [0, d) has no peak, as in a one-hot row of zeros.
 */
export function crossEntropy(rows: i32, d: i32, x: usize, labels: usize, smoothing: f32, loss: usize, logSumExp: usize): void {
  const stride = <usize>d << 2;
  for (let i = 0; i < rows; i++) {
    const largest = rowMax(x, d);
    const above = logarithm(rowExp(x, largest, 0, d));
    const label = load<i32>(labels + (i << 2));
    let value: f32 = 0;
    if (label >= 0 && label < d) value = (<f32>1 - smoothing) * (above + (largest - load<f32>(x + (label << 2))));
    if (smoothing != 0) value += smoothing * (above + rowBelow(x, largest, d) / <f32>d);
    store<f32>(loss + (i << 2), value);
    store<f32>(logSumExp + (i << 2), largest + above);
    x += stride;
  }
}

/** The same for target distributions t: target = t (1 - smoothing) + smoothing / d. */
export function crossEntropyDense(rows: i32, d: i32, x: usize, t: usize, smoothing: f32, loss: usize, logSumExp: usize): void {
  const stride = <usize>d << 2;
  for (let i = 0; i < rows; i++) {
    const largest = rowMax(x, d);
    const above = logarithm(rowExp(x, largest, 0, d));
    let value = (<f32>1 - smoothing) * (above * rowSum(t, d) + rowBelowDot(x, largest, t, d));
    if (smoothing != 0) value += smoothing * (above + rowBelow(x, largest, d) / <f32>d);
    store<f32>(loss + (i << 2), value);
    store<f32>(logSumExp + (i << 2), largest + above);
    x += stride;
    t += stride;
  }
}

/** dx[i] = dy[i] (softmax(x[i]) sum(target) - target). */
export function crossEntropyGrad(
  rows: i32, d: i32, dy: usize, x: usize, labels: usize, logSumExp: usize, smoothing: f32, dx: usize,
): void {
  const stride = <usize>d << 2;
  for (let i = 0; i < rows; i++) {
    const label = load<i32>(labels + (i << 2));
    const gradient = load<f32>(dy + (i << 2));
    const hit = label >= 0 && label < d;
    const peak = hit ? <f32>1 - smoothing : 0;
    rowExp(x, load<f32>(logSumExp + (i << 2)), dx, d);
    rowScale(dx, gradient * (peak + smoothing), d);
    if (smoothing != 0) {
      const share = gradient * smoothing / <f32>d;
      for (let j: usize = 0; j < stride; j += 4) store<f32>(dx + j, load<f32>(dx + j) - share);
    }
    if (hit) store<f32>(dx + (label << 2), load<f32>(dx + (label << 2)) - gradient * peak);
    x += stride;
    dx += stride;
  }
}
