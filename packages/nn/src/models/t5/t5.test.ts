import { randomStream } from '@tapgrad/core';
import { expectNoLeak, gradcheck } from '@tapgrad/testing';
import { slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { T5 } from '../index.ts';
import { relativeBucket } from './relative-bias.ts';

const sizes = { vocabularySize: 7, width: 6, hidden: 10, headWidth: 4, heads: 2, layers: 2 };
const ids = (rows: number[][]) => tensor(rows.flat(), [rows.length, rows[0]!.length], 'int32');
const values = (x: Tensor) => [...x.dataSync()];

describe('relative buckets', () => {
  it.each([
    // Both ways: 16 each, of which 8 are exact.
    [0, false, 0],
    [-1, false, 1],
    [1, false, 17],
    [-7, false, 7],
    [-8, false, 8],
    [20, false, 26],
    [-64, false, 14],
    [-1000, false, 15],
    [1000, false, 31],
    // Backwards only: 32, of which 16 are exact; keys ahead are masked anyway.
    [3, true, 0],
    [-15, true, 15],
    [-20, true, 17],
    [-1000, true, 31],
  ])('a key at distance %i, causal %s, is in bucket %i', (distance, causal, bucket) => {
    expect(relativeBucket(distance, causal)).toBe(bucket);
  });
});

describe('T5', () => {
  it('scores every token of the vocabulary at every place, and leaves nothing', () => {
    const model = new T5({ ...sizes, dropout: 0.1, random: randomStream(1) });
    const [source, target] = [ids([[1, 2, 3]]), ids([[4, 5]])];
    const run = () => tidy(() => void expect(model.call(source, target).shape).toEqual([1, 2, 7]));
    // Initial values are made once.
    run();
    expectNoLeak(run);
    for (const each of [source, target]) each.dispose();
    model.dispose();
  });

  it('padding changes nothing, in source and target', () => {
    const model = new T5({ ...sizes, random: randomStream(1) }).eval();
    tidy(() => {
      const plain = model.call(ids([[1, 2, 3]]), ids([[4, 5]]));
      const padded = model.call(ids([[1, 2, 3, -1, -1]]), ids([[4, 5, -1]]));
      const scores = values(slice(padded, [0, 0, 0], [1, 2, 7]));
      for (const [i, score] of values(plain).entries()) expect(scores[i]).toBeCloseTo(score, 12);
    });
    model.dispose();
  });

  it('what comes later in the target changes no score before it', () => {
    const model = new T5({ ...sizes, random: randomStream(1) }).eval();
    tidy(() => {
      const [first, second] = [5, 6].map((next) => model.call(ids([[1, 2, 3]]), ids([[4, next]])));
      const before = (scores: Tensor) => values(slice(scores, [0, 0, 0], [1, 1, 7]));
      expect(before(first!)).toEqual(before(second!));
      expect(values(first!)).not.toEqual(values(second!));
    });
    model.dispose();
  });

  it('has gradients that agree with central differences', () => {
    const model = new T5({ ...sizes, layers: 1, paddingId: 'none', random: randomStream(1) });
    const [source, target] = [ids([[1, 2, 3]]), ids([[4, 5]])];
    const names = ['encoder.layers.0.self.query.weight', 'decoder.layers.0.cross.key.weight'];
    const more = ['decoder.layers.0.relative.table.weight', 'encoder.layers.0.norm3.weight'];
    const parameters = [...names, ...more].map((name) => model.namedParameters().get(name)!);
    gradcheck(
      (...given) => {
        for (const [i, each] of parameters.entries()) each.onRead = () => given[i] as Tensor;
        return model.call(source, target);
      },
      parameters.map(({ variable }) => variable),
    );
    source.dispose();
    target.dispose();
    model.dispose();
  });
});
