import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { kernel } from '../register.ts';

interface PackDerivative {
  readonly borders: readonly number[];
  readonly inclusive: readonly boolean[];
  readonly bits: number;
}
interface UnpackDerivative {
  readonly levels: readonly number[];
  readonly bits: number;
  readonly shape: readonly number[];
}

/** A row of words for `size` codes. */
function words(heap: Heap, size: number, bits: number): TensorInfo {
  return heap.output([Math.ceil((size * bits) / 32)], 'int32');
}

export function registerCodes(): void {
  kernel<{ codes: TensorInfo }, { bits: number }>(
    'tapgrad.PackBits',
    ({ inputs: { codes }, attrs: { bits }, heap }) => {
      const size = util.sizeFromShape(codes.shape);
      const packed = words(heap, size, bits);
      heap.kernels.packBits(size, codes.dtype === 'bool' ? 1 : 4, heap.at(codes), bits, heap.at(packed));
      return packed;
    },
  );
  kernel<{ words: TensorInfo }, { bits: number; size: number }>(
    'tapgrad.UnpackBits',
    ({ inputs, attrs: { bits, size }, heap }) => {
      const codes = heap.output([size], 'int32');
      heap.kernels.unpackBits(size, heap.at(inputs.words), bits, heap.at(codes));
      return codes;
    },
  );
  kernel<{ x: TensorInfo }, PackDerivative>('tapgrad.PackDerivative', ({ inputs: { x }, attrs, heap }) => {
    const size = util.sizeFromShape(x.shape);
    const packed = words(heap, size, attrs.bits);
    return heap.scratch(attrs.borders.length * 4, (borders) => {
      heap.writeBytes(borders, bordersPassedFromBelow(attrs));
      heap.kernels.packDerivative(size, heap.at(x), attrs.borders.length, borders, attrs.bits, heap.at(packed));
      return packed;
    });
  });
  kernel<{ codes: TensorInfo; dy?: TensorInfo }, UnpackDerivative>(
    'tapgrad.UnpackDerivative',
    ({ inputs: { codes, dy }, attrs: { levels, bits, shape }, heap }) => {
      const y = heap.output(shape);
      return heap.scratch(64, (planes) => {
        heap.writeBytes(planes, inPlanes(levels));
        heap.kernels.unpackDerivative(
          util.sizeFromShape([...shape]),
          heap.at(codes),
          bits,
          planes,
          heap.atOrNull(dy),
          heap.at(y),
        );
        return y;
      });
    },
  );
}

/** Borders that a value passes by being greater: `x ≥ b` is `x > the float before b`. */
function bordersPassedFromBelow({ borders, inclusive }: PackDerivative): Uint8Array {
  return new Uint8Array(
    Float32Array.from(borders, (border, i) => (inclusive[i] ? floatBefore(border) : border)).buffer,
  );
}

function floatBefore(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Int32Array(float.buffer);
  const now = bits[0] as number;
  if (value === 0) bits[0] = 0x80000001 | 0;
  else bits[0] = value > 0 ? now - 1 : now + 1;
  return float[0] as number;
}

/** Sixteen floats as four rows of bytes: the lowest byte of each, then the next. */
function inPlanes(levels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => levels[i] ?? 0).buffer);
  return Uint8Array.from({ length: 64 }, (_, i) => bytes[(i % 16) * 4 + (i >> 4)] as number);
}
