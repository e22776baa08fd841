import { type Tensor, tensor } from '@tensorflow/tfjs-core';

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

/** Every index of an array of these sizes, the last one running fastest. */
export function* indices(...sizes: number[]): Generator<number[]> {
  const [size, ...rest] = sizes;
  if (size === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < size; i++) for (const tail of indices(...rest)) yield [i, ...tail];
}
