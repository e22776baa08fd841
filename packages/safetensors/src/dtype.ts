import { safetensorsError } from './errors.ts';

/** Bytes of one element of each dtype that the format defines. */
export const elementBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type SafetensorsDtype = keyof typeof elementBytes;

export function isSafetensorsDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(elementBytes, value);
}

/** Elements as tfjs holds them. Integers of every width become int32, which is tfjs's only integer. */
export type DecodedElements =
  | { readonly dtype: 'float32'; readonly values: Float32Array }
  | { readonly dtype: 'int32'; readonly values: Int32Array }
  | { readonly dtype: 'bool'; readonly values: Uint8Array };

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Decodes little-endian elements. `F32`, `I32` and `BOOL` at an aligned offset are views of `bytes`, not copies.
 * @throws TapgradError `SAFETENSORS_INTEGER_RANGE` when a 64- or 32-bit integer does not fit int32.
 */
export function decodeElements(dtype: SafetensorsDtype, bytes: Uint8Array, name: string): DecodedElements {
  const count = bytes.byteLength / elementBytes[dtype];
  const aligned = hostIsLittleEndian && bytes.byteOffset % elementBytes[dtype] === 0;
  if (dtype === 'BOOL') return { dtype: 'bool', values: bytes };
  if (aligned && dtype === 'F32')
    return { dtype: 'float32', values: hostFloats(new globalThis.Float32Array(bytes.buffer, bytes.byteOffset, count)) };
  if (aligned && dtype === 'I32')
    return { dtype: 'int32', values: new Int32Array(bytes.buffer, bytes.byteOffset, count) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (dtype) {
    case 'F64':
      return { dtype: 'float32', values: Float32Array.from({ length: count }, (_, i) => view.getFloat64(8 * i, true)) };
    case 'F32':
      return { dtype: 'float32', values: Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true)) };
    case 'F16':
      return {
        dtype: 'float32',
        values: Float32Array.from({ length: count }, (_, i) => halfToNumber(view.getUint16(2 * i, true))),
      };
    case 'BF16':
      return { dtype: 'float32', values: brainToNumbers(view, count) };
    case 'I64':
    case 'U64': {
      const read =
        dtype === 'I64' ? (i: number) => view.getBigInt64(8 * i, true) : (i: number) => view.getBigUint64(8 * i, true);
      return { dtype: 'int32', values: checkedIntegers(dtype, count, (i) => Number(read(i)), name) };
    }
    case 'U32':
      return { dtype: 'int32', values: checkedIntegers(dtype, count, (i) => view.getUint32(4 * i, true), name) };
    case 'I32':
      return { dtype: 'int32', values: Int32Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true)) };
    case 'I16':
      return { dtype: 'int32', values: Int32Array.from({ length: count }, (_, i) => view.getInt16(2 * i, true)) };
    case 'U16':
      return { dtype: 'int32', values: Int32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true)) };
    case 'I8':
      return { dtype: 'int32', values: Int32Array.from({ length: count }, (_, i) => view.getInt8(i)) };
    case 'U8':
      return { dtype: 'int32', values: Int32Array.from(bytes) };
  }
}

/** The file's numbers have 32 bits whatever width the engine computes in; only a wider engine (the float64 tests) needs a copy. */
function hostFloats(stored: Float32Array): Float32Array {
  return stored instanceof Float32Array ? stored : Float32Array.from(stored);
}

function checkedIntegers(dtype: string, count: number, read: (index: number) => number, name: string): Int32Array {
  const values = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const value = read(i);
    values[i] = value;
    if (values[i] !== value) {
      const message = `element ${i} of ${dtype} tensor '${name}' is ${value}, which does not fit int32`;
      throw safetensorsError('SAFETENSORS_INTEGER_RANGE', message, 'store it as I32, or read its bytes with view()');
    }
  }
  return values;
}

/** IEEE 754 binary16 from its bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a binary32. */
function brainToNumbers(view: DataView, count: number): Float32Array {
  const word = new DataView(new ArrayBuffer(4));
  return Float32Array.from({ length: count }, (_, i) => {
    word.setUint32(0, view.getUint16(2 * i, true) << 16);
    return word.getFloat32(0);
  });
}
