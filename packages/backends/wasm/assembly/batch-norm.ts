// Batch normalisation (Ioffe and Szegedy 2015): with given statistics, and the gradients with the batch's own.
import { rowAdd } from './rows';

/**
 * y [rows, d] = (x - mean) factor + offset by channel, with factor = scale / sqrt(variance + epsilon); `scale` and `offset` may be 0.
 * `factor` is scratch of d floats.
 */
export function batchNorm(
  rows: i32, d: i32, x: usize, mean: usize, variance: usize, scale: usize, offset: usize, epsilon: f32, factor: usize, y: usize,
): void {
  const stride = <usize>d << 2;
  const vectors = (<usize>d & ~3) << 2;
  for (let at: usize = 0; at < stride; at += 4) {
    const root = <f32>1 / sqrt<f32>(load<f32>(variance + at) + epsilon);
    store<f32>(factor + at, scale ? load<f32>(scale + at) * root : root);
  }
  for (let i = 0; i < rows; i++) {
    let at: usize = 0;
    for (; at < vectors; at += 16) {
      const v = f32x4.mul(f32x4.sub(v128.load(x + at), v128.load(mean + at)), v128.load(factor + at));
      v128.store(y + at, offset ? f32x4.add(v, v128.load(offset + at)) : v);
    }
    for (; at < stride; at += 4) {
      const v = (load<f32>(x + at) - load<f32>(mean + at)) * load<f32>(factor + at);
      store<f32>(y + at, offset ? v + load<f32>(offset + at) : v);
    }
    x += stride;
    y += stride;
  }
}

/** Rows that are summed before their sum joins the total: the total's rounding stays small over many rows. */
const SUM_BLOCK: i32 = 64;

/**
 * Gradients of batch normalisation with the batch's own statistics, of x [rows, d]: with x̂ = (x - mean) / sqrt(variance + epsilon),
 * dweight = sum(dy x̂), dbias = sum(dy) and dx = (dy - mean(dy) - x̂ mean(dy x̂)) weight / sqrt(variance + epsilon).
 * `weight`, `dx`, `dweight` and `dbias` may be 0. `scratch` is 5 d floats.
 */
export function batchNormGrad(
  rows: i32, d: i32, dy: usize, x: usize, mean: usize, variance: usize, weight: usize, epsilon: f32,
  dx: usize, dweight: usize, dbias: usize, scratch: usize,
): void {
  const stride = <usize>d << 2;
  const along = scratch;
  const sums = along + stride;
  const partialAlong = sums + stride;
  const partialSums = partialAlong + stride;
  const scale = partialSums + stride;
  memory.fill(along, 0, 2 * stride);
  let dyRow = dy;
  let xRow = x;
  for (let first = 0; first < rows; first += SUM_BLOCK) {
    memory.fill(partialAlong, 0, 2 * stride);
    const last = min(rows, first + SUM_BLOCK);
    for (let i = first; i < last; i++) {
      addRow(stride, dyRow, xRow, mean, partialAlong, partialSums);
      dyRow += stride;
      xRow += stride;
    }
    rowAdd(along, partialAlong, d);
    rowAdd(sums, partialSums, d);
  }
  for (let at: usize = 0; at < stride; at += 4) {
    const root = <f32>1 / sqrt<f32>(load<f32>(variance + at) + epsilon);
    if (dweight) store<f32>(dweight + at, load<f32>(along + at) * root);
    if (dbias) store<f32>(dbias + at, load<f32>(sums + at));
    store<f32>(along + at, load<f32>(along + at) * root * root / <f32>rows);
    store<f32>(sums + at, load<f32>(sums + at) / <f32>rows);
    store<f32>(scale + at, weight ? load<f32>(weight + at) * root : root);
  }
  if (!dx) return;
  for (let i = 0; i < rows; i++) {
    inputRow(stride, dy, x, mean, along, sums, scale, dx);
    dy += stride;
    x += stride;
    dx += stride;
  }
}

/** along += dy (x - mean), sums += dy. */
function addRow(stride: usize, dy: usize, x: usize, mean: usize, along: usize, sums: usize): void {
  const vectors = stride & ~15;
  let at: usize = 0;
  for (; at < vectors; at += 16) {
    const g = v128.load(dy + at);
    const centred = f32x4.sub(v128.load(x + at), v128.load(mean + at));
    v128.store(along + at, f32x4.add(v128.load(along + at), f32x4.mul(g, centred)));
    v128.store(sums + at, f32x4.add(v128.load(sums + at), g));
  }
  for (; at < stride; at += 4) {
    const g = load<f32>(dy + at);
    store<f32>(along + at, load<f32>(along + at) + g * (load<f32>(x + at) - load<f32>(mean + at)));
    store<f32>(sums + at, load<f32>(sums + at) + g);
  }
}

/** dx = (dy - shift - (x - mean) slope) scale. */
function inputRow(
  stride: usize, dy: usize, x: usize, mean: usize, slope: usize, shift: usize, scale: usize, dx: usize,
): void {
  const vectors = stride & ~15;
  let at: usize = 0;
  for (; at < vectors; at += 16) {
    const centred = f32x4.sub(v128.load(x + at), v128.load(mean + at));
    const rest = f32x4.sub(f32x4.sub(v128.load(dy + at), v128.load(shift + at)), f32x4.mul(centred, v128.load(slope + at)));
    v128.store(dx + at, f32x4.mul(rest, v128.load(scale + at)));
  }
  for (; at < stride; at += 4) {
    const centred = load<f32>(x + at) - load<f32>(mean + at);
    const rest = load<f32>(dy + at) - load<f32>(shift + at) - centred * load<f32>(slope + at);
    store<f32>(dx + at, rest * load<f32>(scale + at));
  }
}
