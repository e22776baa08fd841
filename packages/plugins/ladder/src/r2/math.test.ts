import { gradcheck } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { attentionPool, guided, recur, spatialPool } from './math.ts';

const numbers = (f: () => Tensor) => Array.from(tidy(() => f().dataSync()));

describe('the gates', () => {
  it('let tanh(0.5) = 0.462117 of what was pooled through, and nothing at 0', () => {
    expect(numbers(() => guided(tensor([0]), tensor([1]), tensor(0.5)))[0]).toBeCloseTo(0.462117, 6);
    expect(numbers(() => guided(tensor([3]), tensor([7]), tensor(0)))).toEqual([3]);
  });

  it('mix by σ(1) = 0.731059, and by halves at 0', () => {
    expect(numbers(() => recur(tensor([1]), tensor([0]), tensor(1)))[0]).toBeCloseTo(0.731059, 6);
    expect(numbers(() => recur(tensor([4]), tensor([2]), tensor(0)))).toEqual([3]);
  });
});

describe('pooling of patches', () => {
  it('of one word and one patch is their sum; the maximum is over words', () => {
    const word = () => tensor([1, 2, 5, -9], [1, 2, 2]);
    const patch = () => tensor([10, 20], [1, 1, 1, 2]);
    expect(numbers(() => spatialPool(word(), patch(), word(), patch()))).toEqual([15, 22]);
    expect(numbers(() => spatialPool(word(), patch(), word(), patch(), tensor([1, 0], [1, 2])))).toEqual([11, 22]);
  });

  it('has the gradients of its formula', () => {
    const given = [
      randomTensor([2, 3, 4], 1),
      randomTensor([2, 2, 3, 4], 2),
      randomTensor([2, 3, 4], 3),
      randomTensor([2, 2, 3, 4], 4),
    ];
    gradcheck((...each) => spatialPool(...(each as [Tensor, Tensor, Tensor, Tensor])), given);
    for (const each of given) each.dispose();
  });
});

it('attention pooling sees real words only', () => {
  const x = () => tensor([1, 2, 3, 4, 50, 60], [1, 3, 2]);
  const scores = () => tensor([0, 0, 9], [1, 3, 1]);
  expect(numbers(() => attentionPool(x(), scores(), tensor([1, 1, 0], [1, 3])))).toEqual([2, 3]);
});
