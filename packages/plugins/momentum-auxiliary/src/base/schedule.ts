/** One value, or its values at the first and the last cut. */
export type Ramp = number | readonly [first: number, last: number];

/**
 * How far cut `cut` of K − 1 is on the way from the first (0) to the last (1): ρ = cut / (K − 2), and 0 for K = 2
 * (MAN, ECCV 2024).
 */
export function progressOf(cut: number, parts: number): number {
  return parts <= 2 ? 0 : Math.min(1, cut / (parts - 2));
}

/** λ = λ⁽¹⁾ (1 − ρ) + λ⁽²⁾ ρ. */
export function rampAt(ramp: Ramp, progress: number): number {
  if (typeof ramp === 'number') return ramp;
  const [first, last] = ramp;
  return first * (1 - progress) + last * progress;
}
