/** How the sines and cosines of a position are laid out along the width. */
export type SinusoidLayout = 'interleaved' | 'halves';

/**
 * Sinusoidal positions, `[tokens, width]` row by row: wavelengths from 2π to 10,000 · 2π in geometric progression.
 * `interleaved` is Vaswani et al. 2017 (sin, cos, sin, …; exponent 2i / width); `halves` is tensor2tensor's timing
 * signal (all sines, then all cosines; the last wavelength is exactly 10,000 · 2π).
 */
export function sinusoidalPositions(
  tokens: number,
  width: number,
  layout: SinusoidLayout = 'interleaved',
): Float32Array {
  const half = Math.floor(width / 2);
  const table = new Float32Array(tokens * width);
  for (let position = 0; position < tokens; position++) {
    for (let i = 0; i < half; i++) {
      const exponent = layout === 'halves' ? i / Math.max(half - 1, 1) : (2 * i) / width;
      const angle = position / 10_000 ** exponent;
      const [sine, cosine] = layout === 'halves' ? [i, half + i] : [2 * i, 2 * i + 1];
      table[position * width + sine] = Math.sin(angle);
      table[position * width + cosine] = Math.cos(angle);
    }
  }
  return table;
}
