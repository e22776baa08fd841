import { runKernelIfAny } from '@tapgrad/core';
import {
  add,
  cast,
  concat,
  floorDiv,
  mod,
  mul,
  pad,
  reshape,
  slice,
  stack,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';

/** Number of int32 words that `size` codes of so many bits take. */
export function wordsOf(size: number, bits: number): number {
  return Math.ceil((size * bits) / 32);
}

/**
 * Codes in a row of int32 words: code k stands in bits [k · bits, (k + 1) · bits) counted from the lowest bit of the first
 * word, so that 4-bit codes fill bytes low nibble first.
 * @param codes int32 or bool of any shape, each in [0, 2^bits)
 * @param bits 1 to 8
 * @returns int32 `[⌈size · bits / 32⌉]`
 */
export function packBits(codes: Tensor, bits: number): Tensor1D {
  const made = runKernelIfAny('tapgrad.PackBits', { codes }, { bits });
  return (made ?? tidy(() => composedPackBits(codes, bits))) as Tensor1D;
}

/** The codes again, int32 `[size]`. */
export function unpackBits(words: Tensor, bits: number, size: number): Tensor1D {
  const made = runKernelIfAny('tapgrad.UnpackBits', { words }, { bits, size });
  return (made ?? tidy(() => composedUnpackBits(words, bits, size))) as Tensor1D;
}

/** Codes that fill whole words, how many words those are, and which codes lie in each. */
interface Period {
  readonly codes: number;
  readonly words: number;
}

function periodOf(bits: number): Period {
  let codes = 32;
  while ((codes / 2) * bits >= 32 && ((codes / 2) * bits) % 32 === 0) codes /= 2;
  return { codes, words: (codes * bits) / 32 };
}

/** Products of int32 wrap around, which drops the bits that belong to the next word. */
function composedPackBits(codes: Tensor, bits: number): Tensor1D {
  const { size } = codes;
  const period = periodOf(bits);
  const rows = Math.ceil(size / period.codes);
  const flat = reshape(codes.dtype === 'int32' ? codes : cast(codes, 'int32'), [-1]) as Tensor1D;
  const grid = reshape(pad(flat, [[0, rows * period.codes - size]]), [rows, period.codes]) as Tensor2D;
  const words = Array.from({ length: period.words }, (_, word) =>
    tidy(() => {
      const first = Math.floor((word * 32) / bits);
      const last = Math.ceil(((word + 1) * 32) / bits);
      const inside = slice(grid, [0, first], [rows, last - first]);
      const shifts = Array.from({ length: last - first }, (_, i) => (first + i) * bits - word * 32);
      const shifted = mul(inside, int32(shifts.map((shift) => 2 ** Math.max(shift, 0))));
      const before = shifts[0] ?? 0;
      if (before >= 0) return sum(shifted, 1);
      // The first code began in the word before: its upper bits are left.
      const rest = floorDiv(slice(grid, [0, first], [rows, 1]), int32([2 ** -before]));
      return sum(concat([rest, slice(shifted, [0, 1], [rows, last - first - 1])], 1), 1);
    }),
  );
  return slice(reshape(stack(words, 1), [-1]) as Tensor1D, [0], [wordsOf(size, bits)]);
}

function composedUnpackBits(words: Tensor, bits: number, size: number): Tensor1D {
  const period = periodOf(bits);
  const rows = Math.ceil(size / period.codes);
  const flat = reshape(words, [-1]) as Tensor1D;
  const grid = reshape(pad(flat, [[0, rows * period.words - flat.size]]), [rows, period.words]) as Tensor2D;
  const codes = Array.from({ length: period.codes }, (_, code) =>
    tidy(() => {
      const word = Math.floor((code * bits) / 32);
      const shift = code * bits - word * 32;
      const low = mod(shiftedRight(column(grid, word), shift), int32([2 ** bits]));
      const inThisWord = 32 - shift;
      if (inThisWord >= bits) return low;
      // An arithmetic shift of the last bits of a word brings its sign: keep those only.
      const lower = mod(low, int32([2 ** inThisWord]));
      const upper = mod(column(grid, word + 1), int32([2 ** (bits - inThisWord)]));
      return add(lower, mul(upper, int32([2 ** inThisWord])));
    }),
  );
  return slice(reshape(stack(codes, 1), [-1]) as Tensor1D, [0], [size]);
}

/** Arithmetic; in two halves, as 2³¹ is no int32. */
function shiftedRight(words: Tensor1D, shift: number): Tensor {
  const half = Math.floor(shift / 2);
  return floorDiv(floorDiv(words, int32([2 ** half])), int32([2 ** (shift - half)]));
}

function column(grid: Tensor2D, index: number): Tensor1D {
  return reshape(slice(grid, [0, index], [-1, 1]), [-1]) as Tensor1D;
}

function int32(values: readonly number[]): Tensor1D {
  return tensor([...values], [values.length], 'int32') as Tensor1D;
}
