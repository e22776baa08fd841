// Copies of operand blocks into the order in which the tile reads them.

/** Transposes a 4 x 4 block: source rows `sourceStride` bytes apart, target rows `targetStride` bytes apart. */
@inline
export function transpose4x4(source: usize, sourceStride: usize, target: usize, targetStride: usize): void {
  const r0 = v128.load(source);
  const r1 = v128.load(source + sourceStride);
  const r2 = v128.load(source + 2 * sourceStride);
  const r3 = v128.load(source + 3 * sourceStride);
  const p0 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
  const p1 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const p2 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const p3 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(target, i64x2.shuffle(p0, p2, 0, 2));
  v128.store(target + targetStride, i64x2.shuffle(p0, p2, 1, 3));
  v128.store(target + 2 * targetStride, i64x2.shuffle(p1, p3, 0, 2));
  v128.store(target + 3 * targetStride, i64x2.shuffle(p1, p3, 1, 3));
}

/**
 * target[j][i] = source[i][j] for i < rows, j < columns. Strides in bytes. Sixteen columns at a time: a cache line of
 * the source is used up before the next one is touched, whatever its stride.
 */
export function transposeBlock(rows: i32, columns: i32, source: usize, sourceStride: usize, target: usize, targetStride: usize): void {
  const rows4 = rows & ~3;
  let j = 0;
  for (; j + 16 <= columns; j += 16) {
    const from = source + (j << 2);
    const to = target + j * targetStride;
    for (let i = 0; i < rows4; i += 4) {
      const s = from + i * sourceStride;
      const t = to + (i << 2);
      transpose4x4(s, sourceStride, t, targetStride);
      transpose4x4(s + 16, sourceStride, t + 4 * targetStride, targetStride);
      transpose4x4(s + 32, sourceStride, t + 8 * targetStride, targetStride);
      transpose4x4(s + 48, sourceStride, t + 12 * targetStride, targetStride);
    }
  }
  for (; j + 4 <= columns; j += 4) {
    for (let i = 0; i < rows4; i += 4) {
      transpose4x4(source + i * sourceStride + (j << 2), sourceStride, target + j * targetStride + (i << 2), targetStride);
    }
  }
  for (let c = 0; c < columns; c++) {
    const from = c < j ? rows4 : 0;
    for (let i = from; i < rows; i++) {
      store<f32>(target + c * targetStride + (i << 2), load<f32>(source + i * sourceStride + (c << 2)));
    }
  }
}

/** target[k][0..16) = source[k][0..columns), zero beyond. */
export function packRows(depth: i32, columns: i32, source: usize, sourceStride: usize, target: usize): void {
  if (columns == 16) {
    for (let k = 0; k < depth; k++) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
      v128.store(target, v128.load(source, 32), 32);
      v128.store(target, v128.load(source, 48), 48);
      source += sourceStride;
      target += 64;
    }
    return;
  }
  memory.fill(target, 0, (<usize>depth) << 6);
  for (let k = 0; k < depth; k++) {
    for (let j = 0; j < columns; j++) store<f32>(target + (j << 2), load<f32>(source + (j << 2)));
    source += sourceStride;
    target += 64;
  }
}

/** target[k][0..16) = source[0..columns)[k], zero beyond. */
export function packColumns(depth: i32, columns: i32, source: usize, sourceStride: usize, target: usize): void {
  if (columns < 16) memory.fill(target, 0, (<usize>depth) << 6);
  transposeBlock(columns, depth, source, sourceStride, target, 64);
}
