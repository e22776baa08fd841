// Batch normalisation with given statistics (Ioffe and Szegedy 2015).

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
