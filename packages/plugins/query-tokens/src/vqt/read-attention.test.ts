import { attention, grad } from '@tapgrad/core';
import { MultiHeadAttention } from '@tapgrad/nn';
import { gradcheck, gradgradcheck } from '@tapgrad/testing';
import { cos, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor, scatter } from '../test-models.ts';
import { readAttention } from './read-attention.ts';

const heads = 2;

/** Queries `[2, 3, 4]` that read the keys and values of `[2, 5, 4]`, of which the last is padding. */
function reading() {
  const module = scatter(new MultiHeadAttention({ width: 4, heads }));
  const from = randomTensor([2, 5, 4], 2);
  const project = (source: Tensor) => module.keysAndValuesOf(source);
  const [key, value] = project(from);
  const mask = tensor([0, 0, 0, 0, -1e9], [1, 1, 1, 5]);
  const query = randomTensor([2, 3, 4], 3);
  return {
    query,
    again: (q: Tensor) => readAttention({ q, k: key, v: value, from, mask }, { heads, project }),
    kept: (q: Tensor) => attention(q, key, value, { heads, mask }),
    dispose() {
      module.dispose();
      for (const each of [from, key, value, mask, query]) each.dispose();
    },
  };
}

describe('attention whose keys and values are projected again in backward', () => {
  it('is attention, and so is its gradient, bit for bit', () => {
    const { query, again, kept, dispose } = reading();
    tidy(() => {
      expect(again(query).dataSync()).toEqual(kept(query).dataSync());
      const [ours, theirs] = [again, kept].map((run) => grad(() => sum(cos(run(query))), [query])[0]);
      expect(ours?.dataSync()).toEqual(theirs?.dataSync());
    });
    dispose();
  });

  it('has the first and second derivatives that central differences show', () => {
    const { query, again, dispose } = reading();
    gradcheck(again as (...inputs: Tensor[]) => Tensor, [query]);
    gradgradcheck(again as (...inputs: Tensor[]) => Tensor, [query]);
    dispose();
  });
});
