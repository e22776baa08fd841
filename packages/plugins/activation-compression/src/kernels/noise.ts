/**
 * Number i of a seed's noise, uniform in [0, 1) on 24 bits, which float32 holds exactly: a hash of seed and i, so that
 * each backend makes the same. The mixer is `lowbias32` (C. Wellons' hash search).
 */
export function noiseAt(seed: number, i: number): number {
  let x = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return ((x ^ (x >>> 16)) >>> 8) * 2 ** -24;
}
