import * as tf from '@tensorflow/tfjs-core';
import type { InputSpec, OpSample } from './op-spec.ts';
import { type SeededRandom, seededRandom } from './random.ts';

const KINK_DISTANCE = 0.05;

/** Values of one input, rounded to float32 so that every engine starts from the same numbers; complex64 interleaved. */
function inputValues(input: InputSpec, random: SeededRandom): number[] {
  if (input.values !== undefined) return [...input.values];
  const dtype = input.dtype ?? 'float32';
  const size = input.shape.reduce((product, extent) => product * extent, 1) * (dtype === 'complex64' ? 2 : 1);
  if (dtype === 'bool') return Array.from({ length: size }, () => random.integer(0, 1));
  const [low, high] = input.range ?? (dtype === 'int32' ? [0, 4] : [-2, 2]);
  if (dtype === 'int32') return Array.from({ length: size }, () => random.integer(low, high - 1));
  if (input.distinct) return distinctValues(size, low, high, random);
  return Array.from({ length: size }, () => drawAvoiding(low, high, input.avoid ?? [], random));
}

/** Makes the tensors of a sample; the same `kernel`, `sample` and `seed` give the same values. The caller disposes them. */
export function sampleInputs(kernel: string, sample: OpSample, seed = 0): tf.Tensor[] {
  return sample.inputs.map((input, index) => {
    const values = inputValues(input, seededRandom(`${kernel}/${index}`, seed));
    const shape = [...input.shape];
    if (input.dtype !== 'complex64') return tf.tensor(values, shape, input.dtype ?? 'float32');
    const part = (offset: number) =>
      tf.tensor(
        values.filter((_, i) => i % 2 === offset),
        shape,
        'float32',
      );
    return tf.tidy(() => tf.complex(part(0), part(1)));
  });
}

function drawAvoiding(low: number, high: number, avoid: readonly number[], random: SeededRandom): number {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const value = Math.fround(random.uniform(low, high));
    if (avoid.every((point) => Math.abs(value - point) >= KINK_DISTANCE)) return value;
  }
  throw new RangeError(`no value in [${low}, ${high}) stays ${KINK_DISTANCE} away from ${avoid.join(', ')}`);
}

function distinctValues(size: number, low: number, high: number, random: SeededRandom): number[] {
  const spacing = (high - low) / size;
  const values = Array.from({ length: size }, (_, i) => Math.fround(low + spacing * (i + random.uniform(0.05, 0.95))));
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}
