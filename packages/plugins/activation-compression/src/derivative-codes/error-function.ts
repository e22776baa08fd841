/** erf(x) in double precision: its Taylor series, and the continued fraction of erfc where that cancels. */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x > 6) return 1;
  return x < 2.5 ? series(x) : 1 - tail(x);
}

/** 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!: all terms positive (Abramowitz & Stegun 7.1.6). */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) = e^(−x²) / √π · 1 / (x + ½ / (x + 1 / (x + 3/2 / (x + …)))) (Abramowitz & Stegun 7.1.14). */
function tail(x: number): number {
  let fraction = x;
  for (let k = 60; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}
