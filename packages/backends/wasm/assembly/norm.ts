// Layer norm (Ba et al. 2016) and RMS norm (Zhang and Sennrich 2019) over rows of d floats. RMS norm is layer norm with
// centre 0, so both share their rows; `mean` is 0 (no address) for RMS norm. `weight` and `bias` may be 0.
import { rowAdd, rowDeviation, rowSum, vectorEnd } from './rows';

/** y = (x - center) * scale * weight + bias: the one place that computes it, so that recomputing gives the same bits. */
function normalizeRow(d: i32, x: usize, center: f32, scale: f32, weight: usize, bias: usize, y: usize): void {
  const end = x + (<usize>d << 2);
  const end4 = vectorEnd(x, d);
  const c = f32x4.splat(center);
  const s = f32x4.splat(scale);
  for (; x < end4; x += 16) {
    let v = f32x4.mul(f32x4.sub(v128.load(x), c), s);
    if (weight) {
      v = f32x4.mul(v, v128.load(weight));
      weight += 16;
    }
    if (bias) {
      v = f32x4.add(v, v128.load(bias));
      bias += 16;
    }
    v128.store(y, v);
    y += 16;
  }
  for (; x < end; x += 4) {
    let v = (load<f32>(x) - center) * scale;
    if (weight) {
      v *= load<f32>(weight);
      weight += 4;
    }
    if (bias) {
      v += load<f32>(bias);
      bias += 4;
    }
    store<f32>(y, v);
    y += 4;
  }
}

/** Statistics and y. With `mean` = 0 the rows are not centred. */
export function norm(rows: i32, d: i32, x: usize, weight: usize, bias: usize, epsilon: f32, y: usize, mean: usize, rstd: usize): void {
  const stride = <usize>d << 2;
  for (let i = 0; i < rows; i++) {
    let center: f32 = 0;
    if (mean) {
      center = rowSum(x, d) / <f32>d;
      store<f32>(mean + (i << 2), center);
    }
    const scale = <f32>1 / sqrt<f32>(rowDeviation(x, center, d) / <f32>d + epsilon);
    store<f32>(rstd + (i << 2), scale);
    normalizeRow(d, x, center, scale, weight, bias, y);
    x += stride;
    y += stride;
  }
}

/** y from known statistics. */
export function normApply(rows: i32, d: i32, x: usize, mean: usize, rstd: usize, weight: usize, bias: usize, y: usize): void {
  const stride = <usize>d << 2;
  for (let i = 0; i < rows; i++) {
    const center = mean ? load<f32>(mean + (i << 2)) : <f32>0;
    normalizeRow(d, x, center, load<f32>(rstd + (i << 2)), weight, bias, y);
    x += stride;
    y += stride;
  }
}

/** dx = rstd (g - mean(g) - xhat mean(g xhat)) with g = dy * weight; RMS norm has no mean(g). */
function inputGradientRow(d: i32, dy: usize, x: usize, centered: bool, center: f32, scale: f32, weight: usize, dx: usize): void {
  const stride = <usize>d << 2;
  const vectors = (<usize>d & ~3) << 2;
  const c = f32x4.splat(center);
  const s = f32x4.splat(scale);
  let sumG = f32x4.splat(0);
  let sumGX = f32x4.splat(0);
  let at: usize = 0;
  for (; at < vectors; at += 16) {
    let g = v128.load(dy + at);
    if (weight) g = f32x4.mul(g, v128.load(weight + at));
    sumG = f32x4.add(sumG, g);
    sumGX = f32x4.add(sumGX, f32x4.mul(g, f32x4.mul(f32x4.sub(v128.load(x + at), c), s)));
  }
  let meanG = f32x4.extract_lane(sumG, 0) + f32x4.extract_lane(sumG, 1) + f32x4.extract_lane(sumG, 2) + f32x4.extract_lane(sumG, 3);
  let meanGX = f32x4.extract_lane(sumGX, 0) + f32x4.extract_lane(sumGX, 1) + f32x4.extract_lane(sumGX, 2) + f32x4.extract_lane(sumGX, 3);
  for (; at < stride; at += 4) {
    const g = weight ? load<f32>(dy + at) * load<f32>(weight + at) : load<f32>(dy + at);
    meanG += g;
    meanGX += g * ((load<f32>(x + at) - center) * scale);
  }
  meanG = centered ? meanG / <f32>d : 0;
  meanGX /= <f32>d;
  const mg = f32x4.splat(meanG);
  const mgx = f32x4.splat(meanGX);
  for (at = 0; at < vectors; at += 16) {
    let g = v128.load(dy + at);
    if (weight) g = f32x4.mul(g, v128.load(weight + at));
    const xhat = f32x4.mul(f32x4.sub(v128.load(x + at), c), s);
    v128.store(dx + at, f32x4.mul(f32x4.sub(f32x4.sub(g, mg), f32x4.mul(xhat, mgx)), s));
  }
  for (; at < stride; at += 4) {
    const g = weight ? load<f32>(dy + at) * load<f32>(weight + at) : load<f32>(dy + at);
    store<f32>(dx + at, (g - meanG - (load<f32>(x + at) - center) * scale * meanGX) * scale);
  }
}

/** dweight += dy * xhat for one row. */
function weightGradientRow(d: i32, dy: usize, x: usize, center: f32, scale: f32, dweight: usize): void {
  const stride = <usize>d << 2;
  const vectors = (<usize>d & ~3) << 2;
  const c = f32x4.splat(center);
  const s = f32x4.splat(scale);
  let at: usize = 0;
  for (; at < vectors; at += 16) {
    const xhat = f32x4.mul(f32x4.sub(v128.load(x + at), c), s);
    v128.store(dweight + at, f32x4.add(v128.load(dweight + at), f32x4.mul(v128.load(dy + at), xhat)));
  }
  for (; at < stride; at += 4) {
    store<f32>(dweight + at, load<f32>(dweight + at) + load<f32>(dy + at) * ((load<f32>(x + at) - center) * scale));
  }
}

/** Rows that are summed before the sum is added to the total: keeps float32 sums over many rows accurate. */
const SUM_BLOCK: i32 = 64;

/**
 * Gradients; each of dx, dweight, dbias is left out if its address is 0. `partial` is scratch of 2 d floats.
 */
export function normGrad(
  rows: i32, d: i32, dy: usize, x: usize, mean: usize, rstd: usize, weight: usize,
  dx: usize, dweight: usize, dbias: usize, partial: usize,
): void {
  const stride = <usize>d << 2;
  const partialBias = partial + stride;
  if (dweight) memory.fill(dweight, 0, stride);
  if (dbias) memory.fill(dbias, 0, stride);
  for (let first = 0; first < rows; first += SUM_BLOCK) {
    memory.fill(partial, 0, 2 * stride);
    const last = min(rows, first + SUM_BLOCK);
    for (let i = first; i < last; i++) {
      const center = mean ? load<f32>(mean + (i << 2)) : <f32>0;
      const scale = rstd ? load<f32>(rstd + (i << 2)) : <f32>1;
      if (dx) {
        inputGradientRow(d, dy, x, mean != 0, center, scale, weight, dx);
        dx += stride;
      }
      if (dweight) weightGradientRow(d, dy, x, center, scale, partial);
      if (dbias) rowAdd(partialBias, dy, d);
      dy += stride;
      x += stride;
    }
    if (dweight) rowAdd(dweight, partial, d);
    if (dbias) rowAdd(dbias, partialBias, d);
  }
}
