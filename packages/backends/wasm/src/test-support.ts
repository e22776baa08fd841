// What the kernels' tests share: seeded numbers, float64 references, comparisons.
import { engine, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** A tensor and the same numbers in float64. */
export interface Sample {
  readonly tensor: Tensor;
  readonly values: Float64Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Normal numbers times `scale`, the same for the same shape and key on every run (xorshift, Box-Muller). */
export function sample(shape: number[], key: string, scale = 1): Sample {
  let state = 2463534242;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  for (const character of key) state = Math.imul(state ^ character.charCodeAt(0), 16777619) || 1;
  for (let i = 0; i < 8; i++) uniform();
  const numbers = Float32Array.from(
    { length: sizeOf(shape) },
    () => scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  return { tensor: tensor(numbers, shape, 'float32'), values: Float64Array.from(numbers) };
}

/**
 * Fails unless |actual - expected| <= tolerance * max(|expected|, scale) everywhere. `scale` is the size of the terms that cancel
 * in `expected`, by default the root mean square of `expected`.
 */
export function expectClose(
  actual: Tensor | ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  scale = rootMeanSquare(expected),
): void {
  const values = 'dataId' in actual ? actual.dataSync() : actual;
  expect(values.length).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(values[i]! - expected[i]!) / Math.max(Math.abs(expected[i]!), scale);
    if (!(error <= worst)) {
      worst = error;
      at = i;
    }
  }
  expect(worst, `element ${at} of ${expected.length}: ${values[at]} instead of ${expected[at]}`).toBeLessThanOrEqual(
    tolerance,
  );
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return values.length === 0 ? 1 : Math.sqrt(sum / values.length);
}

/** Bytes of the wasm heap. */
export function heapBytes(): number {
  return (engine().backend as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
}

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

/** Runs a kernel of the current backend by name. */
export function runKernel(name: string, inputs: Record<string, Tensor>, attrs: object = {}): Tensor[] {
  const made = engine().runKernel(name, inputs, attrs as Record<string, number>) as Tensor | Tensor[];
  return Array.isArray(made) ? made : [made];
}

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

/** Every index of an array of these sizes, the last one running fastest. */
export function* indices(...sizes: number[]): Generator<number[]> {
  const [size, ...rest] = sizes;
  if (size === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < size; i++) for (const tail of indices(...rest)) yield [i, ...tail];
}
