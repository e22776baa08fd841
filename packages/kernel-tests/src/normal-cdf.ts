/** The normal distribution function, by the series that converges for every argument (Marsaglia 2004). */
export function normalCdf64(x: number): number {
  // Far out the series cancels; the continued fraction of the tail does not.
  if (Math.abs(x) > 4) {
    const z = Math.abs(x);
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / (z + fraction);
    const tail = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / (z + fraction);
    return x < 0 ? tail : 1 - tail;
  }
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
