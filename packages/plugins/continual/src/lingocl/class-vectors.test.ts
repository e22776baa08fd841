import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { classVectorsJson, classVectorsSafetensors, encodeClassNames, parseClassVectors } from '../index.ts';
import { classVectorLookup } from './lookup.ts';

const expected = new Map([
  ['cat', [[1, 0.5]]],
  [
    'sea horse',
    [
      [0, 2],
      [1, -1],
    ],
  ],
]);

describe('a file of class vectors', () => {
  it('is JSON', () => {
    expect(parseClassVectors('{"cat": [1, 0.5], "sea horse": [[0, 2], [1, -1]]}')).toEqual(expected);
  });

  it('is TSV, with a line a vector', () => {
    expect(parseClassVectors('cat\t1\t0.5\nsea horse\t0\t2\r\nsea horse\t1 -1\n')).toEqual(expected);
  });

  it('is safetensors', () => {
    expect(parseClassVectors(classVectorsSafetensors(expected))).toEqual(expected);
  });

  it('is read back as it was written', () => {
    expect(parseClassVectors(classVectorsJson(expected))).toEqual(expected);
  });

  it.each([
    ['{"cat": [1, "x"]}', /class cat/],
    ['{"cat": [[1, 2], [1]]}', /class cat/],
    ['{"cat": [0, 0]}', /class cat/],
    ['{"cat": []}', /class cat/],
    ['cat\t1\tnot a number', /class cat/],
    ['cat\t1\t2\ndog', /line 2 has no numbers behind its name: dog/],
    ['runs/vectors.json', /line 1 has no numbers.*runs\/vectors.json.*the content of a file, not its path/s],
    ['{oops', /not JSON/],
  ])('is refused where it has no vectors: %s', (content, message) => {
    expect(() => parseClassVectors(content)).toThrow(message);
    expect(() => parseClassVectors(content)).toThrow(/CLASS_VECTORS_INVALID/);
  });
});

describe('looking a class up', () => {
  it('takes files, records, maps and functions, also asynchronous ones', async () => {
    const sources = ['{"cat": [1, 2]}', { cat: [1, 2] }, new Map([['cat', [[1, 2]]]]), async () => [1, 2]];
    for (const source of sources) expect(await classVectorLookup(source)('cat')).toEqual([[1, 2]]);
  });

  it('names the class that is missing', async () => {
    expect(() => classVectorLookup({ cat: [1, 2] })('dog')).toThrow(/CLASS_NAME_UNKNOWN.*named dog: there are 1: cat/);
    await expect(classVectorLookup(() => undefined)('dog')).rejects.toThrow(/CLASS_NAME_UNKNOWN.*named dog/);
  });
});

describe('encoding class names', () => {
  /** Number of letters and of words. */
  const encoder = (texts: readonly string[]): Tensor =>
    tensor(texts.map((text) => [text.replaceAll(/\s/g, '').length, text.split(' ').length]));

  it('gives unit vectors of the bare names', async () => {
    const vectors = await encodeClassNames(encoder, ['cat', 'sea horse'], { batchSize: 1 });
    expect([...vectors.keys()]).toEqual(['cat', 'sea horse']);
    expect(vectors.get('cat')).toEqual([[3 / Math.hypot(3, 1), 1 / Math.hypot(3, 1)]]);
  });

  it('puts names into templates, and takes the mean or each', async () => {
    const options = { templates: ['a {}', 'one more {}'] };
    const each = await encodeClassNames({ embed: encoder }, ['cat'], { ...options, combine: 'each' });
    const rows = each.get('cat') as number[][];
    expect(rows).toHaveLength(2);
    const [mean] = (await encodeClassNames(encoder, ['cat'], options)).get('cat') as [number[]];
    const sum = [0, 1].map((i) => (rows[0]?.[i] as number) + (rows[1]?.[i] as number));
    for (const i of [0, 1]) expect(mean[i]).toBeCloseTo((sum[i] as number) / Math.hypot(...sum), 12);
  });
});
