import {
  Add,
  AddN,
  backend_util,
  Complex,
  ComplexAbs,
  FFT,
  IFFT,
  Imag,
  Multiply,
  Neg,
  Real,
  Sub,
  type TensorInfo,
  util,
  ZerosLike,
} from '@tensorflow/tfjs-core';
import { fourier } from '../fourier.ts';
import type { Heap } from '../heap.ts';
import { kernel } from '../register.ts';
import { withBroadcast } from './elementwise.ts';

type OneInput = { input: TensorInfo };

/** A complex tensor's numbers: real and imaginary part by turns, valid until the next allocation. */
function pairs(heap: Heap, { shape, dtype, dataId }: TensorInfo): Float32Array {
  const size = util.sizeFromShape(shape) * (dtype === 'complex64' ? 2 : 1);
  return heap.view({ dataId, shape: [size], dtype: 'float32' }) as Float32Array;
}

function part(heap: Heap, input: TensorInfo, offset: 0 | 1): TensorInfo {
  const out = heap.output(input.shape);
  const [from, to] = [pairs(heap, input), heap.view(out)];
  for (let i = 0; i < to.length; i++) to[i] = from[2 * i + offset]!;
  return out;
}

function transform(heap: Heap, input: TensorInfo, inverse: boolean): TensorInfo {
  const out = heap.output(input.shape, 'complex64');
  const length = input.shape.at(-1) ?? 1;
  const [from, to] = [pairs(heap, input), pairs(heap, out)];
  for (let row = 0; row < from.length; row += 2 * length) {
    to.set(fourier(from.subarray(row, row + 2 * length), inverse), row);
  }
  return out;
}

/** The same buffer as a float32 tensor with a last axis of 2. */
function asPairs({ dataId, shape }: TensorInfo): TensorInfo {
  return { dataId, shape: [...shape, 2], dtype: 'float32' };
}

/** Lets a kernel that works number by number take complex tensors. */
function throughPairs(name: string): void {
  kernel<Record<string, TensorInfo>>(name, ({ inputs, stock }) => {
    if (Object.values(inputs).every(({ dtype }) => dtype !== 'complex64')) return stock();
    const entries = Object.entries(inputs).map(([key, info]) => [key, asPairs(info)] as const);
    const floats = Array.isArray(inputs) ? entries.map(([, info]) => info) : Object.fromEntries(entries);
    const out = stock(floats as Record<string, TensorInfo>) as TensorInfo;
    return { dataId: out.dataId, shape: out.shape.slice(0, -1), dtype: 'complex64' };
  });
}

function multiply(heap: Heap, a: TensorInfo, b: TensorInfo): TensorInfo {
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  return withBroadcast(heap, a, shape, (wideA) =>
    withBroadcast(heap, b, shape, (wideB) => {
      const out = heap.output(shape, 'complex64');
      const [to, x, y] = [pairs(heap, out), pairs(heap, wideA), pairs(heap, wideB)];
      for (let i = 0; i < to.length; i += 2) {
        to[i] = x[i]! * y[i]! - x[i + 1]! * y[i + 1]!;
        to[i + 1] = x[i]! * y[i + 1]! + x[i + 1]! * y[i]!;
      }
      return out;
    }),
  );
}

/** Complex tensors, which tfjs's wasm backend cannot hold. */
export function registerComplex(): void {
  kernel<{ real: TensorInfo; imag: TensorInfo }>(Complex, ({ inputs: { real, imag }, heap }) => {
    const out = heap.output(real.shape, 'complex64');
    const [to, re, im] = [pairs(heap, out), heap.view(real), heap.view(imag)];
    for (let i = 0; i < re.length; i++) {
      to[2 * i] = re[i]!;
      to[2 * i + 1] = im[i]!;
    }
    return out;
  });
  kernel<OneInput>(Real, ({ inputs: { input }, heap }) => part(heap, input, 0));
  kernel<OneInput>(Imag, ({ inputs: { input }, heap }) => part(heap, input, 1));
  kernel<{ x: TensorInfo }>(ComplexAbs, ({ inputs: { x }, heap }) => {
    const out = heap.output(x.shape);
    const [from, to] = [pairs(heap, x), heap.view(out)];
    for (let i = 0; i < to.length; i++) to[i] = Math.hypot(from[2 * i]!, from[2 * i + 1]!);
    return out;
  });
  for (const name of [Add, AddN, Neg, Sub]) throughPairs(name);
  kernel<{ a: TensorInfo; b: TensorInfo }>(Multiply, ({ inputs: { a, b }, heap, stock }) =>
    a.dtype === 'complex64' && b.dtype === 'complex64' ? multiply(heap, a, b) : stock(),
  );
  kernel<{ x: TensorInfo }>(ZerosLike, ({ inputs: { x }, heap, stock }) => {
    if (x.dtype !== 'complex64') return stock();
    const out = heap.output(x.shape, x.dtype);
    pairs(heap, out).fill(0);
    return out;
  });
  kernel<OneInput>(FFT, ({ inputs: { input }, heap }) => transform(heap, input, false));
  kernel<OneInput>(IFFT, ({ inputs: { input }, heap }) => transform(heap, input, true));
}
