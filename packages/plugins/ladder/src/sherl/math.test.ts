import { valueAndGrad } from '@tapgrad/core';
import { gradcheck, gradgradcheck } from '@tapgrad/testing';
import { add, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { weightedSum } from '../base/weighted-sum.ts';
import { randomTensor } from '../test-models.ts';
import { gate, mergeShares, redundancy } from './math.ts';

const epsilon = 1e-6;
const numbers = (f: () => Tensor) => Array.from(tidy(() => f().dataSync()));

function expectNear(actual: readonly number[], expected: readonly number[], digits = 12): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, digits);
}

describe('the merge of two equal states and one orthogonal to them', () => {
  const states = () => tensor([1, 0, 1, 0, 0, 1], [1, 3, 2]);
  const deep = () => tensor([1, 2], [1, 2]);
  const shares = () => mergeShares(states(), deep(), tensor([1, 1], [2, 1]), tensor([0]), epsilon);

  it('has redundancies 2, 2, 1', () => {
    expectNear(
      numbers(() => redundancy(states())),
      [2, 2, 1],
    );
  });

  it('has shares 1/6, 1/6, 2/3', () => {
    expectNear(numbers(shares), [1 / 6, 1 / 6, 2 / 3]);
  });

  it('is [4/3, 8/3]', () => {
    expectNear(
      numbers(() => add(weightedSum(states(), shares()), deep())),
      [4 / 3, 8 / 3],
    );
  });
});

describe('redundancy', () => {
  it('of identical states is their number; their shares are equal, and the merge is their mean', () => {
    tidy(() => {
      const row = Array.from(randomTensor([6]).dataSync());
      const states = tensor([...row, ...row, ...row, ...row], [1, 4, 6]);
      const deep = tensor(row, [1, 6]);
      expectNear(Array.from(redundancy(states).dataSync()), [4, 4, 4, 4]);
      const shares = mergeShares(states, deep, tensor(new Array(6).fill(1), [6, 1]), tensor([0]), epsilon);
      expectNear(Array.from(shares.dataSync()), [0.25, 0.25, 0.25, 0.25]);
      expectNear(Array.from(weightedSum(states, shares).dataSync()), row);
    });
  });

  it('of orthogonal states is 1, and so is that of opposite ones and of zeros', () => {
    expectNear(
      numbers(() => redundancy(tensor([3, 0, 0, -2], [1, 2, 2]))),
      [1, 1],
    );
    expectNear(
      numbers(() => redundancy(tensor([3, 1, -3, -1], [1, 2, 2]))),
      [1, 1],
    );
    expectNear(
      numbers(() => redundancy(tensor([0, 0, 0, 0], [1, 2, 2]))),
      [1, 1],
    );
  });
});

describe('shares', () => {
  it('are never negative, and sum to 1 in every row where a score is positive', () => {
    tidy(() => {
      const shares = mergeShares(
        randomTensor([40, 5, 8], 1),
        randomTensor([40, 8], 2),
        randomTensor([8, 1], 3),
        tensor([0.1]),
        epsilon,
      );
      const rows = shares.arraySync() as number[][];
      expect(rows.flat().every((share) => share >= 0)).toBe(true);
      for (const row of rows) {
        const total = row.reduce((so, share) => so + share, 0);
        if (row.some((share) => share > 0)) expect(total).toBeCloseTo(1, 12);
      }
    });
  });

  it('are 0 where every score is negative, with a gradient of 0 and no NaN', () => {
    tidy(() => {
      const [states, deep] = [tensor([1, 2, 0, 0], [1, 2, 2]), tensor([1, 1], [1, 2])];
      const [a, b] = [tensor([-1, -1], [2, 1]), tensor([-0.5])];
      const { value, gradients } = valueAndGrad(
        () => sum(weightedSum(states, mergeShares(states, deep, a, b, epsilon))),
        { states, deep, a, b },
      );
      expect(value.dataSync()[0]).toBe(0);
      for (const gradient of Object.values(gradients))
        expect(gradient.dataSync().every((each) => each === 0)).toBe(true);
    });
  });

  it('have the gradients of their formula, in first and second order', () => {
    const given = [randomTensor([2, 3, 4], 1), randomTensor([2, 4], 2), randomTensor([4, 1], 3), tensor([2.5])];
    const merge = (...inputs: readonly Tensor[]) => {
      const [states, deep, a, b] = inputs as [Tensor, Tensor, Tensor, Tensor];
      return weightedSum(states, mergeShares(states, deep, a, b, epsilon));
    };
    gradcheck((...inputs) => merge(...(inputs as Tensor[])), given);
    gradgradcheck((...inputs) => merge(...(inputs as Tensor[])), given);
    for (const each of given) each.dispose();
  });
});

describe('the gate', () => {
  it('is 0 at the start and 0.462117 at alpha 0.05 and temperature 0.1', () => {
    expect(numbers(() => gate(tensor(0), 0.1))).toEqual([0]);
    expectNear(
      numbers(() => gate(tensor(0.05), 0.1)),
      [0.462117],
      6,
    );
  });
});
