import type { RandomStream } from '@tapgrad/core';
import { fill, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { type Fans, fansOf } from './fans.ts';
import { orthogonalMatrix } from './orthogonal.ts';

/** Makes the initial value of a parameter. The fans default to those of the shape. */
export type Initializer = (shape: readonly number[], random: RandomStream, fans?: Fans) => Tensor;

export interface KaimingOptions {
  /** Which fan keeps its variance: `in` the activations', `out` the gradients'. Default `in`. */
  readonly mode?: 'in' | 'out';
  /** Gain of the nonlinearity that follows. Default sqrt(2), that of ReLU. */
  readonly gain?: number;
}

export const zeros: Initializer = (shape) => constant(0)(shape, undefined as never);
export const ones: Initializer = (shape) => constant(1)(shape, undefined as never);

export function constant(value: number): Initializer {
  return (shape) => fill([...shape], value);
}

/** Uniform in [low, high). */
export function uniform(low: number, high: number): Initializer {
  return (shape, random) => fromHost(random.uniform(sizeOf(shape), low, high), shape);
}

export function normal(deviation = 1, mean = 0): Initializer {
  return (shape, random) => fromHost(random.normal(sizeOf(shape), mean, deviation), shape);
}

/** Normal, drawn again where it falls beyond `limit` standard deviations (2 as in BERT and ViT). */
export function truncatedNormal(deviation = 0.02, limit = 2): Initializer {
  return (shape, random) => {
    const values = random.normal(sizeOf(shape));
    for (let i = 0; i < values.length; i++) {
      while (Math.abs(values[i] as number) > limit) values[i] = random.normal(1)[0] as number;
      values[i] = (values[i] as number) * deviation;
    }
    return fromHost(values, shape);
  };
}

/** He et al. 2015 (arXiv:1502.01852), uniform: bound `gain * sqrt(3 / fan)`. */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  return (shape, random, fans) => {
    const bound = Math.sqrt(3) * kaimingDeviation(shape, fans, options);
    return uniform(-bound, bound)(shape, random);
  };
}

/** He et al. 2015, normal: standard deviation `gain / sqrt(fan)`. */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  return (shape, random, fans) => normal(kaimingDeviation(shape, fans, options))(shape, random);
}

/** Glorot & Bengio 2010, uniform: bound `gain * sqrt(6 / (in + out))`. */
export function xavierUniform(gain = 1): Initializer {
  return (shape, random, fans = fansOf(shape)) => {
    const bound = gain * Math.sqrt(6 / (fans.in + fans.out));
    return uniform(-bound, bound)(shape, random);
  };
}

/** Glorot & Bengio 2010, normal: standard deviation `gain * sqrt(2 / (in + out))`. */
export function xavierNormal(gain = 1): Initializer {
  return (shape, random, fans = fansOf(shape)) => normal(gain * Math.sqrt(2 / (fans.in + fans.out)))(shape, random);
}

/** Saxe et al. 2014 (arXiv:1312.6120): orthonormal rows or columns of the weight flattened to `[rest, last]`. */
export function orthogonal(gain = 1): Initializer {
  return (shape, random) => {
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape) / columns;
    return fromHost(
      orthogonalMatrix(rows, columns, random).map((value) => value * gain),
      shape,
    );
  };
}

function kaimingDeviation(
  shape: readonly number[],
  fans: Fans = fansOf(shape),
  { mode = 'in', gain = Math.SQRT2 }: KaimingOptions,
): number {
  return gain / Math.sqrt(fans[mode]);
}

function fromHost(values: Float32Array, shape: readonly number[]): Tensor {
  return tensor(values, [...shape], 'float32');
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
