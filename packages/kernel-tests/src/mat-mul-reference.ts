/** Row-major product in float64; a is [m, k] or, transposed, stored [k, m]. */
export function matMul64(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  m: number,
  n: number,
  k: number,
  transposeA = false,
  transposeB = false,
  aAt = 0,
  bAt = 0,
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let q = 0; q < k; q++) {
        sum += a[aAt + (transposeA ? q * m + i : i * k + q)]! * b[bAt + (transposeB ? j * k + q : q * n + j)]!;
      }
      c[i * n + j] = sum;
    }
  }
  return c;
}
