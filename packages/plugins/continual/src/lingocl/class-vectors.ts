import { TapgradError } from '@tapgrad/core';
import { SafetensorsFile } from '@tapgrad/nn';

/** Targets of each class by its name: one vector, or several. */
export type ClassVectors = ReadonlyMap<string, readonly (readonly number[])[]>;

type OneOrMore = readonly number[] | readonly (readonly number[])[];

/**
 * Where the vectors of classes come from: the content of a file (JSON or TSV text; the bytes of a safetensors file), a
 * record or map, or a function of the class name, which may be asynchronous.
 */
export type ClassVectorSource =
  | string
  | Uint8Array
  | ArrayBuffer
  | ClassVectors
  | Readonly<Record<string, OneOrMore>>
  | ((className: string) => OneOrMore | undefined | Promise<OneOrMore | undefined>);

/**
 * Reads a file of class vectors.
 *
 * - JSON: `{ "cat": [0.1, …], "dog": [[…], […]] }`
 * - TSV: a line a vector, `cat⇥0.1⇥0.2…`; a class with several lines has several
 * - safetensors: a tensor a class, `[width]` or `[targets, width]`
 * @throws TapgradError CLASS_VECTORS_INVALID; `SAFETENSORS_…`
 */
export function parseClassVectors(content: string | Uint8Array | ArrayBuffer): ClassVectors {
  if (typeof content !== 'string') return fromSafetensors(content);
  return content.trimStart().startsWith('{') ? fromJson(content) : fromTsv(content);
}

function fromSafetensors(content: Uint8Array | ArrayBuffer): ClassVectors {
  const file = new SafetensorsFile(content);
  const entries = [...file.entries].map(([name, { shape }]) => {
    const { values } = file.elements(name);
    const width = shape.at(-1) ?? 1;
    const rows = Array.from({ length: values.length / width }, (_, row) =>
      Array.from({ length: width }, (_, i) => Number(values[row * width + i])),
    );
    return [name, checked(name, rows)] as const;
  });
  return new Map(entries);
}

function fromJson(content: string): ClassVectors {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw invalid(`the text is not JSON: ${(cause as Error).message}`, cause);
  }
  return new Map(Object.entries(json as object).map(([name, value]) => [name, checked(name, value)]));
}

function fromTsv(content: string): ClassVectors {
  const found = new Map<string, number[][]>();
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [name = '', ...fields] = line.split('\t');
    if (fields.length === 0) throw invalid(`line ${index + 1} has no numbers behind its name: ${name.slice(0, 80)}`);
    const numbers = fields.flatMap((field) => field.trim().split(/\s+/)).map(Number);
    found.set(name, [...(found.get(name) ?? []), numbers]);
  }
  return new Map([...found].map(([name, rows]) => [name, checked(name, rows)]));
}

/**
 * One vector or several as a list of vectors.
 * @throws TapgradError CLASS_VECTORS_INVALID where they are no numbers, of different widths, or zero
 */
export function checked(name: string, value: unknown): readonly (readonly number[])[] {
  const rows = Array.isArray(value) && value.length > 0 && !Array.isArray(value[0]) ? [value] : value;
  const width = Array.isArray(rows) && Array.isArray(rows[0]) ? rows[0].length : 0;
  const fits = (row: unknown) =>
    Array.isArray(row) &&
    row.length === width &&
    row.every((each) => Number.isFinite(each)) &&
    row.some((each) => each !== 0);
  if (width > 0 && (rows as unknown[]).every(fits)) return rows as number[][];
  throw invalid(`class ${name} has no list of numbers, or lists of different lengths, or one of zeros`);
}

function invalid(message: string, cause?: unknown): TapgradError {
  return new TapgradError({
    code: 'CLASS_VECTORS_INVALID',
    message,
    fix: 'give each class a vector, or several of one width, as JSON, TSV or safetensors: the content of a file, not its path',
    cause,
  });
}
