/** Elements kept of a sample of `width`: ⌈(1 − ρ) · width⌉, at least one (Jiang et al. 2022, Back Razor, section 3.2). */
export function keptOf(width: number, keep: number): number {
  // 0.1 · 1000 is a little more than 100 in floating point.
  return Math.min(width, Math.max(1, Math.ceil(keep * width - 1e-9)));
}

/** Bytes that a value takes: one bit an element, in words, and the kept elements as float32. */
export function sparseBytes(samples: number, width: number, keep: number): number {
  return 4 * Math.ceil((samples * width) / 32) + 4 * samples * keptOf(width, keep);
}
