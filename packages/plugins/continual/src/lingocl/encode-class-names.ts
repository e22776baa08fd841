import { encodeSafetensors } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ClassVectors } from './class-vectors.ts';
import { unitVector } from './math.ts';

/** Gives vectors `[texts, width]`, a new tensor; for example `(texts) => sentenceEncoder.embed(texts)`. */
export type TextEmbedder = ((texts: readonly string[]) => Tensor) | { embed(texts: readonly string[]): Tensor };

export interface EncodeClassNamesOptions {
  /** What is encoded; `{}` stands for the class name. Default: the bare name. */
  readonly templates?: readonly string[];
  /** The vectors of all templates become one target, their mean, or a target each. Default `mean`. */
  readonly combine?: 'mean' | 'each';
  /** Texts that are encoded at once. Default 32. */
  readonly batchSize?: number;
}

/**
 * Vectors of class names by a text encoder, of unit length, for `lingoCL({ vectors })` or to be written to a file. Nothing
 * of the host is used: it runs in Node and in browsers.
 * @example classVectorsJson(await encodeClassNames(await loadSentenceEncoder(), ['cat', 'dog'], { templates: ['a photo of a {}'] }))
 */
export async function encodeClassNames(
  encoder: TextEmbedder,
  classNames: readonly string[],
  { templates = ['{}'], combine = 'mean', batchSize = 32 }: EncodeClassNamesOptions = {},
): Promise<ClassVectors> {
  const embed = typeof encoder === 'function' ? encoder : (texts: readonly string[]) => encoder.embed(texts);
  const texts = classNames.flatMap((name) => templates.map((template) => template.replaceAll('{}', name)));
  const vectors: number[][] = [];
  for (let first = 0; first < texts.length; first += batchSize) {
    const embedded = embed(texts.slice(first, first + batchSize));
    try {
      vectors.push(...((await embedded.array()) as number[][]).map(unitVector));
    } finally {
      embedded.dispose();
    }
  }
  const ofClass = (i: number) => vectors.slice(i * templates.length, (i + 1) * templates.length);
  return new Map(
    classNames.map((name, i) => [name, combine === 'each' ? ofClass(i) : [unitVector(meanOf(ofClass(i)))]]),
  );
}

function meanOf(vectors: readonly (readonly number[])[]): number[] {
  const [first = []] = vectors;
  return first.map((_, i) => vectors.reduce((sum, vector) => sum + (vector[i] as number), 0) / vectors.length);
}

/** Text of a JSON file that `lingoCL` reads; numbers in float32's 9 digits. */
export function classVectorsJson(vectors: ClassVectors): string {
  const rounded = [...vectors].map(([name, rows]) => {
    const short = rows.map((row) => row.map((value) => Number(value.toPrecision(9))));
    return [name, short.length === 1 ? short[0] : short] as const;
  });
  return JSON.stringify(Object.fromEntries(rounded));
}

/** Bytes of a safetensors file that `lingoCL` reads: a tensor `[targets, width]` a class. */
export function classVectorsSafetensors(vectors: ClassVectors): Uint8Array {
  return encodeSafetensors(
    new Map(
      [...vectors].map(([name, rows]) => [
        name,
        { dtype: 'float32' as const, shape: [rows.length, rows[0]?.length ?? 0], values: rows.flat() },
      ]),
    ),
  );
}
