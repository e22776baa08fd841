import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

type Format = 'float16' | 'bfloat16';

/** Numbers of 16 bits, two in a word: to the nearest, ties to even, the largest for what is larger. */
export function registerHalf(): void {
  kernel<{ x: TensorInfo }, { format: Format }>('tapgrad.PackHalf', ({ inputs: { x }, attrs: { format }, heap }) => {
    const size = util.sizeFromShape(x.shape);
    const words = heap.output([Math.ceil(size / 2)], 'int32');
    const [from, to] = [bitsOf(heap.view(x)), bitsOf(heap.view(words))];
    const narrow = format === 'float16' ? toFloat16 : toBrainFloat;
    for (let i = 0; i < size; i += 2) to[i >> 1] = narrow(from[i]!) | (i + 1 < size ? narrow(from[i + 1]!) << 16 : 0);
    return words;
  });
  kernel<{ words: TensorInfo }, { format: Format; shape: readonly number[] }>(
    'tapgrad.UnpackHalf',
    ({ inputs: { words }, attrs: { format, shape }, heap }) => {
      const y = heap.output(shape);
      const [from, to] = [bitsOf(heap.view(words)), bitsOf(heap.view(y))];
      const widen = format === 'float16' ? fromFloat16 : fromBrainFloat;
      for (let i = 0; i < to.length; i++) to[i] = widen((from[i >> 1]! >>> (16 * (i & 1))) & 0xffff);
      return y;
    },
  );
}

function bitsOf({ buffer, byteOffset, length }: { buffer: ArrayBufferLike; byteOffset: number; length: number }) {
  return new Int32Array(buffer, byteOffset, length);
}

function toFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const m = Math.min(bits & 0x7fffffff, 0x477fe000);
  if (m >= 0x38800000) return sign | ((m - 0x38000000 + 0xfff + ((m >> 13) & 1)) >> 13);
  // Below 2^-14: a multiple of 2^-24.
  const shift = 126 - (m >> 23);
  if (shift > 25) return sign;
  const digits = (m & 0x7fffff) | 0x800000;
  return sign | ((digits + (1 << (shift - 1)) - 1 + ((digits >> shift) & 1)) >> shift);
}

function toBrainFloat(bits: number): number {
  const m = Math.min(bits & 0x7fffffff, 0x7f7f0000);
  return ((bits >>> 16) & 0x8000) | ((m + 0x7fff + ((m >> 16) & 1)) >> 16);
}

function fromFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const m = half & 0x7fff;
  if (m >= 0x400) return sign | ((m << 13) + 0x38000000);
  if (m === 0) return sign;
  // m · 2^-24: its leading 1 goes, and is the exponent.
  const top = 31 - Math.clz32(m);
  return sign | ((top + 103) << 23) | ((m << (23 - top)) & 0x7fffff);
}

const fromBrainFloat = (half: number): number => half << 16;
