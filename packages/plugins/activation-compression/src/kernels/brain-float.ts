import {
  abs,
  add,
  cast,
  ceil,
  clipByValue,
  div,
  equal,
  floor,
  floorDiv,
  greater,
  greaterEqual,
  less,
  log,
  mod,
  mul,
  pow,
  scalar,
  sub,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';

/** Smallest number that is kept: below it bfloat16 loses digits. */
const smallest = 2 ** -126;
const signBit = 32768;

/**
 * The 16 bits of the bfloat16 number next to each value, as floats in [0, 65536): sign, 8 bits of exponent, 7 of mantissa.
 * tfjs has no view of bits: they are computed.
 * @param direction towards −∞ (`down`) or +∞ (`up`)
 */
export function toBrainFloat(values: Tensor, direction: 'down' | 'up'): Tensor {
  const size = abs(values);
  const negative = less(values, 0);
  const guess = clipByValue(floor(div(log(where(less(size, smallest), 1, size)), Math.LN2)), -126, 127);
  // The logarithm may be off by a rounding next to a power of two.
  const mantissa = div(size, pow(2, guess));
  const exponent = where(greaterEqual(mantissa, 2), add(guess, 1), where(less(mantissa, 1), sub(guess, 1), guess));
  const steps = mul(div(size, pow(2, exponent)), 128);
  const grows = direction === 'up' ? greater(values, 0) : negative;
  const bits = add(mul(add(exponent, 127), 128), sub(where(grows, ceil(steps), floor(steps)), 128));
  const tiny = where(grows, 128, zerosLike(values));
  return add(where(less(size, smallest), tiny, bits), where(negative, where(equalZero(tiny, size), 0, signBit), 0));
}

/** True where a negative number became 0, which has no sign. */
function equalZero(tiny: Tensor, size: Tensor): Tensor {
  return equal(where(less(size, smallest), tiny, 1), 0);
}

/** The numbers again. */
export function fromBrainFloat(bits: Tensor): Tensor {
  const sign = floor(div(bits, signBit));
  const size = sub(bits, mul(sign, signBit));
  const exponent = floor(div(size, 128));
  const mantissa = div(sub(size, mul(exponent, 128)), 128);
  const value = mul(pow(2, sub(exponent, 127)), add(mantissa, 1));
  return mul(where(equal(exponent, 0), 0, value), sub(1, mul(sign, 2)));
}

/** Two such numbers in one int32 word, the second (which must not be negative) in the upper half. */
export function inOneWord(low: Tensor, high: Tensor): Tensor {
  return add(cast(low, 'int32'), mul(cast(high, 'int32'), scalar(65536, 'int32')));
}

export function outOfWord(words: Tensor): { low: Tensor; high: Tensor } {
  return { low: mod(words, scalar(65536, 'int32')), high: floorDiv(words, scalar(65536, 'int32')) };
}
