import { runKernelIfAny } from '@tapgrad/core';
import {
  abs,
  add,
  cast,
  clipByValue,
  div,
  floor,
  floorDiv,
  greaterEqual,
  less,
  log,
  maximum,
  minimum,
  mod,
  mul,
  pad,
  pow,
  reshape,
  round,
  scalar,
  slice,
  split,
  stack,
  sub,
  type Tensor,
  type Tensor1D,
  tidy,
  where,
} from '@tensorflow/tfjs-core';

/** IEEE's half precision, or the upper half of float32. */
export type HalfFormat = 'float16' | 'bfloat16';

interface Layout {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** Exponent of the smallest normal number. */
  readonly lowest: number;
  readonly largest: number;
}

const layouts: Readonly<Record<HalfFormat, Layout>> = {
  float16: { fraction: 10, lowest: -14, largest: 65504 },
  bfloat16: { fraction: 7, lowest: -126, largest: 2 ** 127 * (2 - 2 ** -7) },
};

/**
 * Numbers of 16 bits, two in an int32 word, the first in its lower half; rounded to the nearest, ties to even. What is larger
 * than the largest becomes the largest.
 * @returns int32 `[⌈size / 2⌉]`
 */
export function packHalf(value: Tensor, format: HalfFormat): Tensor1D {
  const made = runKernelIfAny('tapgrad.PackHalf', { x: value }, { format });
  return (made ?? tidy(() => composedPack(value, layouts[format]))) as Tensor1D;
}

/** The numbers again, in this shape. */
export function unpackHalf(words: Tensor, format: HalfFormat, shape: readonly number[]): Tensor {
  const made = runKernelIfAny('tapgrad.UnpackHalf', { words }, { format, shape: [...shape] });
  return (made ?? tidy(() => composedUnpack(words, layouts[format], shape))) as Tensor;
}

const half = 65536;

function composedPack(value: Tensor, { fraction, lowest, largest }: Layout): Tensor {
  const flat = reshape(value, [-1]) as Tensor1D;
  const x = pad(flat, [[0, flat.size % 2]]);
  const size = minimum(abs(x), largest);
  const smallest = 2 ** lowest;
  const guess = clipByValue(floor(div(log(maximum(size, smallest)), Math.LN2)), lowest, 127);
  // The logarithm may be off by a rounding next to a power of two.
  const ratio = div(size, pow(2, guess));
  const exponent = maximum(
    where(greaterEqual(ratio, 2), add(guess, 1), where(less(ratio, 1), sub(guess, 1), guess)),
    lowest,
  );
  // A fraction that is rounded up to the next power of two carries into the exponent, as it should.
  const steps = round(div(size, pow(2, sub(exponent, fraction))));
  const bits = add(add(mul(sub(exponent, lowest), 2 ** fraction), steps), where(less(x, 0), half / 2, 0));
  const [low, high] = split(reshape(bits, [-1, 2]), 2, 1) as [Tensor, Tensor];
  const signed = where(greaterEqual(high, half / 2), sub(high, half), high);
  const words = add(cast(low, 'int32'), mul(cast(signed, 'int32'), scalar(half, 'int32')));
  return reshape(words, [-1]);
}

function composedUnpack(words: Tensor, { fraction, lowest }: Layout, shape: readonly number[]): Tensor {
  const upper = floorDiv(words, scalar(half, 'int32'));
  const low = sub(words, mul(upper, scalar(half, 'int32')));
  const high = where(less(upper, scalar(0, 'int32')), add(upper, scalar(half, 'int32')), upper);
  const bits = cast(reshape(stack([low, high], 1), [-1]), 'float32') as Tensor1D;
  const negative = greaterEqual(bits, half / 2);
  const magnitude = mod(bits, half / 2);
  const exponent = floor(div(magnitude, 2 ** fraction));
  // Subnormal numbers have the exponent of the smallest normal ones, and no leading 1.
  const steps = sub(magnitude, mul(maximum(sub(exponent, 1), 0), 2 ** fraction));
  const size = mul(steps, pow(2, add(maximum(sub(exponent, 1), 0), lowest - fraction)));
  const values = where(negative, mul(size, -1), size) as Tensor1D;
  return reshape(slice(values, [0], [shape.reduce((product, length) => product * length, 1)]), [...shape]);
}
