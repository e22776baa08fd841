import { describe, expect, it } from 'vitest';
import { elementBytes, halfToNumber, type SafetensorsDtype } from './dtype.ts';
import { headerLimit } from './header.ts';
import { SafetensorsFile } from './read.ts';

interface Description {
  dtype?: unknown;
  shape?: unknown;
  data_offsets?: unknown;
}

function file(header: Record<string, Description | unknown> | string, data: number | Uint8Array = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const payload = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + payload.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(payload, 8 + json.length);
  return bytes;
}

function stored(
  dtype: SafetensorsDtype,
  values: number[],
  write: (view: DataView, position: number, value: number) => void,
): Uint8Array {
  const data = new Uint8Array(values.length * elementBytes[dtype]);
  const view = new DataView(data.buffer);
  for (const [i, value] of values.entries()) write(view, i * elementBytes[dtype], value);
  return file({ x: { dtype, shape: [values.length], data_offsets: [0, data.length] } }, data);
}

const oneFloat = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };

describe('a malformed safetensors file is refused with the code of what is wrong', () => {
  const tooLong = new Uint8Array(16);
  new DataView(tooLong.buffer).setBigUint64(0, BigInt(headerLimit + 1), true);
  const pastEnd = file({ x: oneFloat }, 4).subarray(0, 20);
  const notUtf8 = file('{"a"}');
  notUtf8[10] = 0xff;
  const cases: [string, string, Uint8Array, RegExp][] = [
    ['a file shorter than its length field', 'SAFETENSORS_TRUNCATED', new Uint8Array(7), /7 bytes/],
    ['a header beyond the end of the file', 'SAFETENSORS_TRUNCATED', pastEnd, /the file at 20/],
    ['a header over the limit', 'SAFETENSORS_HEADER_TOO_LARGE', tooLong, /100000001/],
    ['a header that does not begin with a brace', 'SAFETENSORS_HEADER_INVALID', file(' {}'), /begin/],
    ['a header that is not JSON', 'SAFETENSORS_HEADER_INVALID', file('{"x":'), /not JSON/],
    ['a header that is not UTF-8', 'SAFETENSORS_HEADER_INVALID', notUtf8, /UTF-8/],
    ['a tensor without description', 'SAFETENSORS_HEADER_INVALID', file({ x: 3 }), /'x'/],
    ['metadata that is no object', 'SAFETENSORS_METADATA_INVALID', file({ __metadata__: [1] }), /object/],
    ['metadata that is no string', 'SAFETENSORS_METADATA_INVALID', file({ __metadata__: { step: 3 } }), /step/],
    ['an unknown dtype', 'SAFETENSORS_DTYPE_UNKNOWN', file({ x: { ...oneFloat, dtype: 'F31' } }, 4), /F31/],
    [
      'a dtype that is only on the prototype',
      'SAFETENSORS_DTYPE_UNKNOWN',
      file({ x: { ...oneFloat, dtype: 'toString' } }, 4),
      /toString/,
    ],
    ['a negative size', 'SAFETENSORS_SHAPE_INVALID', file({ x: { ...oneFloat, shape: [-1] } }, 4), /\[-1\]/],
    ['a shape that is no list', 'SAFETENSORS_SHAPE_INVALID', file({ x: { ...oneFloat, shape: 1 } }, 4), /'x'/],
    ['one offset', 'SAFETENSORS_OFFSETS_INVALID', file({ x: { ...oneFloat, data_offsets: [0] } }, 4), /\[begin, end\]/],
    [
      'an end before its begin',
      'SAFETENSORS_OFFSETS_INVALID',
      file({ x: { ...oneFloat, data_offsets: [4, 0] } }, 4),
      /'x'/,
    ],
    [
      'data beyond the end of the file',
      'SAFETENSORS_OFFSETS_INVALID',
      file({ x: { ...oneFloat, shape: [2], data_offsets: [0, 8] } }, 4),
      /of a file of/,
    ],
    [
      'offsets that do not fit the shape',
      'SAFETENSORS_SIZE_MISMATCH',
      file({ x: { ...oneFloat, shape: [2] } }, 4),
      /needs 8 bytes/,
    ],
    [
      'a size that overflows',
      'SAFETENSORS_SIZE_MISMATCH',
      file({ x: { ...oneFloat, shape: [2 ** 40, 2 ** 40] } }, 4),
      /needs/,
    ],
    [
      'tensors that share bytes',
      'SAFETENSORS_OVERLAP',
      file({ x: { ...oneFloat, shape: [2], data_offsets: [0, 8] }, y: { ...oneFloat, data_offsets: [4, 8] } }, 8),
      /'y' begins/,
    ],
    [
      'bytes between tensors',
      'SAFETENSORS_HOLE',
      file({ x: oneFloat, y: { ...oneFloat, data_offsets: [8, 12] } }, 12),
      /between 'x' and 'y'/,
    ],
    ['bytes after the last tensor', 'SAFETENSORS_HOLE', file({ x: oneFloat }, 5), /after 'x'/],
    [
      'a name given twice (JSON keeps the last, the first becomes a hole)',
      'SAFETENSORS_HOLE',
      file(`{"x":${JSON.stringify(oneFloat)},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
      /belong to no tensor/,
    ],
  ];
  it.each(cases)('%s', (_name, code, bytes, message) => {
    expect(() => new SafetensorsFile(bytes)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('an unknown tensor is named beside those that exist', () => {
    expect(() => new SafetensorsFile(file({ x: oneFloat }, 4)).view('z')).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_TENSOR_UNKNOWN' }),
    );
  });
});

describe('elements are decoded by dtype', () => {
  const half = (view: DataView, at: number, bits: number) => view.setUint16(at, bits, true);
  const read = (bytes: Uint8Array) => [...new SafetensorsFile(bytes).elements('x').values];

  it('floats of every width', () => {
    expect(read(stored('F64', [0.1, -2], (view, at, value) => view.setFloat64(at, value, true)))[1]).toBe(-2);
    expect(read(stored('F32', [0.5, -3.25], (view, at, value) => view.setFloat32(at, value, true)))).toEqual([
      0.5, -3.25,
    ]);
    expect(read(stored('F16', [0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00], half))).toEqual([
      1,
      -2,
      2 ** -24,
      65504,
      Number.POSITIVE_INFINITY,
    ]);
    expect(read(stored('BF16', [0x3f80, 0xc040], half))).toEqual([1, -3]);
    expect(halfToNumber(0x7e00)).toBeNaN();
  });

  it('integers of every width become int32', () => {
    expect(read(stored('I64', [-5, 7], (view, at, value) => view.setBigInt64(at, BigInt(value), true)))).toEqual([
      -5, 7,
    ]);
    expect(read(stored('U64', [5], (view, at, value) => view.setBigUint64(at, BigInt(value), true)))).toEqual([5]);
    expect(read(stored('U32', [9], (view, at, value) => view.setUint32(at, value, true)))).toEqual([9]);
    expect(read(stored('I32', [-9], (view, at, value) => view.setInt32(at, value, true)))).toEqual([-9]);
    expect(read(stored('I16', [-3], (view, at, value) => view.setInt16(at, value, true)))).toEqual([-3]);
    expect(read(stored('U16', [65535], half))).toEqual([65535]);
    expect(read(stored('I8', [-1], (view, at, value) => view.setInt8(at, value)))).toEqual([-1]);
    expect(read(stored('U8', [255], (view, at, value) => view.setUint8(at, value)))).toEqual([255]);
    expect(read(stored('BOOL', [1, 0], (view, at, value) => view.setUint8(at, value)))).toEqual([1, 0]);
  });

  it('an integer beyond int32 is an error that names the tensor and the element', () => {
    const wide = stored('I64', [1, 2 ** 31], (view, at, value) => view.setBigInt64(at, BigInt(value), true));
    expect(() => read(wide)).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_INTEGER_RANGE', message: expect.stringMatching(/element 1 .*'x'/) }),
    );
    const unsigned = stored('U32', [2 ** 31], (view, at, value) => view.setUint32(at, value, true));
    expect(() => read(unsigned)).toThrow(expect.objectContaining({ code: 'SAFETENSORS_INTEGER_RANGE' }));
  });

  it('an unaligned tensor is read all the same', () => {
    const data = new Uint8Array(9);
    new DataView(data.buffer).setFloat32(1, 1.5, true);
    new DataView(data.buffer).setInt32(5, -4, true);
    const mixed = new SafetensorsFile(
      file(
        {
          a: { dtype: 'BOOL', shape: [1], data_offsets: [0, 1] },
          b: { ...oneFloat, data_offsets: [1, 5] },
          c: { dtype: 'I32', shape: [], data_offsets: [5, 9] },
        },
        data,
      ),
    );
    expect(mixed.elements('b').values[0]).toBe(1.5);
    expect(mixed.elements('c').values[0]).toBe(-4);
  });

  it('a view shares the memory of the file', () => {
    const bytes = file({ x: oneFloat }, 4);
    expect(new SafetensorsFile(bytes).view('x').buffer).toBe(bytes.buffer);
  });

  it('a name like __proto__ is a name like any other', () => {
    const parsed = new SafetensorsFile(file(`{"__proto__":${JSON.stringify(oneFloat)}}`, 4));
    expect([...parsed.entries.keys()]).toEqual(['__proto__']);
  });
});
