import { gunzipSync } from 'node:zlib';
import { TapgradError } from '@tapgrad/core';

/** An array of bytes as the IDX format holds it: the format of MNIST and of the sets that took its place. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const unsignedByte = 0x08;

/**
 * Reads a gzip-compressed IDX file of unsigned bytes: two zero bytes, the type, the number of axes, each axis as a
 * big-endian 32-bit number, then the values.
 * @throws TapgradError `DATASET_INVALID`
 */
export function readIdx(compressed: Uint8Array, name: string): IdxArray {
  const invalid = (why: string) =>
    new TapgradError({ code: 'DATASET_INVALID', message: `${name}: ${why}`, fix: 'get the file again' });
  let bytes: Buffer;
  try {
    bytes = gunzipSync(compressed);
  } catch {
    throw invalid('no gzip file');
  }
  const axes = bytes[3] ?? 0;
  if (bytes.length < 4 + 4 * axes || bytes.readUInt16BE(0) !== 0 || bytes[2] !== unsignedByte || axes === 0)
    throw invalid('no IDX file of unsigned bytes');
  const shape = Array.from({ length: axes }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const values = bytes.subarray(4 + 4 * axes);
  const count = shape.reduce((product, size) => product * size, 1);
  if (values.length !== count) throw invalid(`holds ${values.length} values, its shape [${shape}] asks for ${count}`);
  return { shape, values };
}
