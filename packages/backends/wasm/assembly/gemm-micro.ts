// The innermost loop of every matrix product: a tile of 2 rows x 16 columns in eight accumulators.
// 2 x 16 keeps 8 accumulators + 4 columns + 1 broadcast + 1 product in the 15 registers that V8 gives on x64; larger
// tiles spill. One step of k per iteration: V8 reorders an unrolled body by accumulator and spills then, too.

/** Floats of a tile row. */
export const TILE_COLUMNS: i32 = 16;

/**
 * c0[0..16) = init0[0..16) + sum over k of a0[k] * b[k][0..16), and the same for the second row.
 * `aStep` and `bStep` are the bytes between two steps of k; `init` may be the destination itself (accumulate), a
 * bias or zeros.
 */
export function tile2x16(
  k: i32,
  a0: usize,
  a1: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  init0: usize,
  init1: usize,
  c0: usize,
  c1: usize,
): void {
  let s00 = v128.load(init0);
  let s01 = v128.load(init0, 16);
  let s02 = v128.load(init0, 32);
  let s03 = v128.load(init0, 48);
  let s10 = v128.load(init1);
  let s11 = v128.load(init1, 16);
  let s12 = v128.load(init1, 32);
  let s13 = v128.load(init1, 48);
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    const x = v128.load32_splat(a0);
    s00 = f32x4.add(s00, f32x4.mul(x, b0));
    s01 = f32x4.add(s01, f32x4.mul(x, b1));
    s02 = f32x4.add(s02, f32x4.mul(x, b2));
    s03 = f32x4.add(s03, f32x4.mul(x, b3));
    const y = v128.load32_splat(a1);
    s10 = f32x4.add(s10, f32x4.mul(y, b0));
    s11 = f32x4.add(s11, f32x4.mul(y, b1));
    s12 = f32x4.add(s12, f32x4.mul(y, b2));
    s13 = f32x4.add(s13, f32x4.mul(y, b3));
    a0 += aStep;
    a1 += aStep;
    b += bStep;
  }
  v128.store(c0, s00);
  v128.store(c0, s01, 16);
  v128.store(c0, s02, 32);
  v128.store(c0, s03, 48);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c1, s12, 32);
  v128.store(c1, s13, 48);
}
