import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { attach } from '@tapgrad/core';
import { crossEntropy, loadSentenceEncoder } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClassVectors, classVectorsJson, classVectorsSafetensors, encodeClassNames, lingoCL } from '../index.ts';
import { learn, TinyClassifier } from '../test-heads.ts';

/** Those of the tests' tasks, in pairs: two animals, two vehicles, two things that stand. */
const names = ['cat', 'dog', 'ship', 'lorry', 'tree', 'house'];
let folder: string;
let vectors: ClassVectors;
let each: ClassVectors;

beforeAll(async () => {
  await useWasm();
  folder = mkdtempSync(join(tmpdir(), 'class-vectors-'));
  const encoder = await loadSentenceEncoder();
  const templates = ['a photo of a {}'];
  vectors = await encodeClassNames(encoder, names, { templates });
  each = await encodeClassNames(encoder, names, { templates: [...templates, '{}'], combine: 'each' });
  encoder.dispose();
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

const cosine = (one: string, other: string): number => {
  const [a, b] = [vectors.get(one)?.[0] ?? [], vectors.get(other)?.[0] ?? []];
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
};

describe('class names by Universal Sentence Encoder lite', () => {
  it('are unit vectors of its width, one a class or one a template', () => {
    expect([...vectors.keys()]).toEqual(names);
    for (const [name, rows] of vectors) {
      expect(rows).toHaveLength(1);
      expect(rows[0]).toHaveLength(512);
      expect(cosine(name, name)).toBeCloseTo(1, 6);
    }
    expect([...each.values()].map(({ length }) => length)).toEqual(names.map(() => 2));
    expect(each.get('cat')?.[0]).toEqual(vectors.get('cat')?.[0]);
  });

  it('know that a cat is more of a dog than of anything else here', () => {
    expect(cosine('cat', 'dog')).toBeGreaterThan(Math.max(...names.slice(2).map((name) => cosine('cat', name))));
  });

  it.each<[string, number, () => string | Uint8Array]>([
    ['JSON', 1, () => classVectorsJson(vectors)],
    ['TSV', 1, () => [...vectors].map(([name, [row = []]]) => [name, ...row].join('\t')).join('\n')],
    ['safetensors', 1, () => classVectorsSafetensors(vectors)],
    ['JSON', 2, () => classVectorsJson(each)],
    ['safetensors', 2, () => classVectorsSafetensors(each)],
  ])('train a classifier from a file: %s, %i a class', async (_, count, content) => {
    const file = join(folder, 'vectors');
    const written = content();
    writeFileSync(file, written);
    const model = new TinyClassifier();
    const optimizer = sgd({ learningRate: 0.2 });
    const read = typeof written === 'string' ? readFileSync(file, 'utf8') : readFileSync(file);
    const stack = attach<Tensor>(model, [lingoCL({ vectors: read })], { loss: crossEntropy, optimizer, seed: 5 });
    const rows = () => stack.state('plugins').tensors.get('lingocl/targets.0.rows')?.dataSync().slice();
    const losses: number[] = [];
    await learn(stack, 0, 10, (loss) => losses.push(loss));
    const first = rows();
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    await learn(stack, 1);
    expect(stack.namedParameters().get('lingocl/map.weight')?.shape).toEqual([6, 512]);
    expect(first).toHaveLength(2 * count * 512);
    expect(rows()).toEqual(first);
    stack.detach();
    optimizer.dispose();
    model.dispose();
  });
});
