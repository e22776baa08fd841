import { describe, expect, it } from 'vitest';
import { evaluationBatches, tokenize, trainingBatches } from './batches.ts';

const texts = Array.from({ length: 70 }, (_, index) => 'x'.repeat(1 + (index % 9)));
const sentences = { texts, classes: Int32Array.from(texts, (_, index) => index) };
const data = tokenize(sentences, (text) => Array.from(text, () => 7));

describe('batches of token ids', () => {
  it('are the same for the same seed and others for another', () => {
    expect(trainingBatches(data, 8, 20, 1)).toEqual(trainingBatches(data, 8, 20, 1));
    expect(trainingBatches(data, 8, 20, 1)).not.toEqual(trainingBatches(data, 8, 20, 2));
    expect(trainingBatches(data, 8, 20, 1)).toHaveLength(20);
  });

  it('show no sentence twice within an epoch', () => {
    const seen = trainingBatches(data, 8, 8, 1).flatMap(({ classes }) => [...classes]);
    expect(new Set(seen).size).toBe(64);
  });

  it('fill up short sentences, keep empty ones as one unknown token and cut at 64', () => {
    const texts = ['', 'xxx', 'x'.repeat(99)];
    const tokens = tokenize({ texts, classes: Int32Array.of(0, 1, 2) }, (text) => Array.from(text, () => 7));
    const [batch] = evaluationBatches(tokens, 2);
    expect(batch).toEqual({ ids: Int32Array.of(0, -1, -1, 7, 7, 7), classes: Int32Array.of(0, 1), tokens: 3 });
    expect(tokens.ids[2]).toHaveLength(64);
  });

  it('visit every sentence once in evaluation', () => {
    const seen = evaluationBatches(data, 16).flatMap(({ classes }) => [...classes]);
    expect(seen.sort((a, b) => a - b)).toEqual(texts.map((_, index) => index));
  });

  it('serve fewer sentences than one batch holds', () => {
    const few = tokenize({ texts: ['a', 'b'], classes: Int32Array.of(0, 1) }, () => [1]);
    expect(trainingBatches(few, 8, 3, 1)).toHaveLength(3);
  });
});
