/**
 * Discrete Fourier transform of n complex numbers, real and imaginary part by turns, in float64. Lengths split by 2 as long as they
 * are even (Cooley and Tukey 1965), odd ones are summed directly. The inverse divides by n.
 */
export function fourier(input: ArrayLike<number>, inverse = false): Float64Array {
  const n = input.length / 2;
  const result = split(input, 0, 1, n, inverse ? 1 : -1);
  return inverse ? result.map((value) => value / n) : result;
}

function split(input: ArrayLike<number>, offset: number, step: number, n: number, sign: number): Float64Array {
  if (n % 2 === 1 || n === 0) return direct(input, offset, step, n, sign);
  const half = n / 2;
  const even = split(input, offset, 2 * step, half, sign);
  const odd = split(input, offset + step, 2 * step, half, sign);
  const result = new Float64Array(2 * n);
  for (let k = 0; k < half; k++) {
    const [cos, sin] = turn((sign * k) / n);
    const re = odd[2 * k]! * cos - odd[2 * k + 1]! * sin;
    const im = odd[2 * k]! * sin + odd[2 * k + 1]! * cos;
    result[2 * k] = even[2 * k]! + re;
    result[2 * k + 1] = even[2 * k + 1]! + im;
    result[2 * (k + half)] = even[2 * k]! - re;
    result[2 * (k + half) + 1] = even[2 * k + 1]! - im;
  }
  return result;
}

function direct(input: ArrayLike<number>, offset: number, step: number, n: number, sign: number): Float64Array {
  const result = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const [cos, sin] = turn((sign * ((j * k) % n)) / n);
      const at = 2 * (offset + j * step);
      result[2 * k]! += input[at]! * cos - input[at + 1]! * sin;
      result[2 * k + 1]! += input[at]! * sin + input[at + 1]! * cos;
    }
  }
  return result;
}

function turn(fraction: number): [number, number] {
  const angle = 2 * Math.PI * fraction;
  return [Math.cos(angle), Math.sin(angle)];
}
