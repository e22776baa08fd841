// The innermost loop of every matrix product: a tile of 2 rows x 16 columns in eight accumulators.
// 2 x 16 keeps 8 accumulators + 4 columns + 1 broadcast + 1 product in the 15 registers that V8 gives on x64; larger
// tiles spill. One step of k per iteration: V8 reorders an unrolled body by accumulator and spills then, too.

/** sum + a b; rounded once where the module is built for relaxed SIMD and the processor can. */
@inline
function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

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
    s00 = multiplyAdd(x, b0, s00);
    s01 = multiplyAdd(x, b1, s01);
    s02 = multiplyAdd(x, b2, s02);
    s03 = multiplyAdd(x, b3, s03);
    const y = v128.load32_splat(a1);
    s10 = multiplyAdd(y, b0, s10);
    s11 = multiplyAdd(y, b1, s11);
    s12 = multiplyAdd(y, b2, s12);
    s13 = multiplyAdd(y, b3, s13);
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
