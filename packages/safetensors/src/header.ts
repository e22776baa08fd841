import { elementBytes, isSafetensorsDtype, type SafetensorsDtype } from './dtype.ts';
import { safetensorsError } from './errors.ts';

/** Where a tensor lies: `begin` and `end` are bytes from the start of the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
}

/** The format's own limit: a longer header is refused before anything of it is read. */
export const headerLimit = 100_000_000;
const lengthBytes = 8;

/**
 * Reads and checks the header of a whole safetensors file: its length and limit, its JSON, every dtype, shape and offset,
 * and that the tensors cover the data exactly, without overlap or hole.
 * @throws TapgradError with a `SAFETENSORS_…` code that names the tensor and the offsets at fault.
 */
export function parseHeader(bytes: Uint8Array): SafetensorsHeader {
  const { json, dataStart } = headerJson(bytes);
  const metadata = new Map<string, string>();
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') for (const [key, text] of metadataPairs(value)) metadata.set(key, text);
    else entries.push(parseEntry(name, value, dataStart, bytes.byteLength));
  }
  checkCoverage(entries, dataStart, bytes.byteLength);
  return { metadata, entries: new Map(entries.map((entry) => [entry.name, entry])) };
}

function headerJson(bytes: Uint8Array): { json: object; dataStart: number } {
  if (bytes.byteLength < lengthBytes) {
    throw safetensorsError(
      'SAFETENSORS_TRUNCATED',
      `a safetensors file starts with 8 bytes of header length; this one has ${bytes.byteLength} bytes`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > headerLimit) {
    throw safetensorsError(
      'SAFETENSORS_HEADER_TOO_LARGE',
      `the header claims ${length} bytes; the limit is ${headerLimit}`,
      'check that the file is safetensors',
    );
  }
  const dataStart = lengthBytes + Number(length);
  if (dataStart > bytes.byteLength) {
    throw safetensorsError(
      'SAFETENSORS_TRUNCATED',
      `the header ends at byte ${dataStart}, the file at ${bytes.byteLength}`,
      'download the file again',
    );
  }
  const header = bytes.subarray(lengthBytes, dataStart);
  if (header[0] !== 0x7b) throw safetensorsError('SAFETENSORS_HEADER_INVALID', "the header must begin with '{'");
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header)) as object, dataStart };
  } catch (cause) {
    throw safetensorsError(
      'SAFETENSORS_HEADER_INVALID',
      `the header is not JSON in UTF-8: ${(cause as Error).message}`,
    );
  }
}

function metadataPairs(value: unknown): [string, string][] {
  if (!isRecord(value))
    throw safetensorsError('SAFETENSORS_METADATA_INVALID', '__metadata__ must be an object of strings');
  return Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string')
      throw safetensorsError(
        'SAFETENSORS_METADATA_INVALID',
        `__metadata__.${key} must be a string, it is ${typeof text}`,
      );
    return [key, text];
  });
}

function parseEntry(name: string, value: unknown, dataStart: number, fileBytes: number): SafetensorsEntry {
  if (!isRecord(value))
    throw safetensorsError('SAFETENSORS_HEADER_INVALID', `tensor '${name}' is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isSafetensorsDtype(dtype)) {
    throw safetensorsError(
      'SAFETENSORS_DTYPE_UNKNOWN',
      `tensor '${name}' has dtype ${JSON.stringify(dtype)}; known are ${Object.keys(elementBytes).join(', ')}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw safetensorsError(
      'SAFETENSORS_SHAPE_INVALID',
      `tensor '${name}' has shape ${JSON.stringify(shape)}; sizes are whole numbers from 0`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw safetensorsError(
      'SAFETENSORS_OFFSETS_INVALID',
      `tensor '${name}' has data_offsets ${JSON.stringify(offsets)}; [begin, end] is expected`,
    );
  }
  const [from, to] = offsets as [number, number];
  const [begin, end] = [dataStart + from, dataStart + to];
  if (from > to || end > fileBytes) {
    throw safetensorsError(
      'SAFETENSORS_OFFSETS_INVALID',
      `tensor '${name}' lies at bytes ${begin} to ${end} of a file of ${fileBytes}`,
    );
  }
  const expected = shape.reduce((product: number, size: number) => product * size, elementBytes[dtype]);
  if (expected !== to - from) {
    throw safetensorsError(
      'SAFETENSORS_SIZE_MISMATCH',
      `tensor '${name}' (${dtype} [${shape.join(', ')}]) needs ${expected} bytes, its offsets give ${to - from}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Bytes that belong to no tensor could carry anything, and shared bytes make one tensor write into another. */
function checkCoverage(entries: readonly SafetensorsEntry[], dataStart: number, fileBytes: number): void {
  let covered = dataStart;
  let previous = 'the header';
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered)
      throw safetensorsError(
        'SAFETENSORS_OVERLAP',
        `tensor '${name}' begins at byte ${begin}, before ${previous} ends at ${covered}`,
      );
    if (begin > covered)
      throw safetensorsError(
        'SAFETENSORS_HOLE',
        `bytes ${covered} to ${begin}, between ${previous} and '${name}', belong to no tensor`,
      );
    covered = end;
    previous = `'${name}'`;
  }
  if (covered < fileBytes)
    throw safetensorsError(
      'SAFETENSORS_HOLE',
      `bytes ${covered} to ${fileBytes}, after ${previous}, belong to no tensor`,
    );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
