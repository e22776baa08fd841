import { expectNoLeak } from '@tapgrad/testing';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { highest, logitMatching, meanChange, phaseUpdates } from './math.ts';

const scalarOf = (f: () => ReturnType<typeof tensor>): number => tidy(() => f().dataSync()[0] ?? Number.NaN);

describe('the change of a group', () => {
  it('is the L1 norm over the number of scalars', () => {
    const before = () => [tensor([1, 2, 3, 4])];
    const after = () => [tensor([1, 2, 2, 6])];
    expect(scalarOf(() => meanChange(before(), after()))).toBe(0.75);
  });

  it('doubles with the scale of the group: it is no relative change', () => {
    const [before, after] = [() => [tensor([2, 4, 6, 8])], () => [tensor([2, 4, 4, 12])]];
    expect(scalarOf(() => meanChange(before(), after()))).toBe(1.5);
  });

  it('counts the scalars of all tensors together', () => {
    const before = () => [tensor([0, 0, 0]), tensor([0])];
    const after = () => [tensor([1, -1, 0]), tensor([6])];
    expect(scalarOf(() => meanChange(before(), after()))).toBe(2);
  });
});

describe('phases', () => {
  it('begin equally spaced, the last behind the last update', () => {
    expect(phaseUpdates(100, 4)).toEqual([25, 50, 75, 100]);
  });

  it('are rounded to the nearest update, halves up', () => {
    expect(phaseUpdates(10, 4)).toEqual([3, 5, 8, 10]);
    expect(phaseUpdates(100, 3)).toEqual([33, 67, 100]);
  });

  it('come once behind each update if there are fewer of these', () => {
    expect(phaseUpdates(2, 5)).toEqual([1, 2]);
    expect(phaseUpdates(0, 3)).toEqual([]);
  });
});

describe('logit matching', () => {
  const kept = () =>
    tensor(
      [
        [2, 0, -1],
        [0.5, 1.5, 0],
      ],
      [2, 3],
    );

  it('is the mean square over all elements', () => {
    const now = () =>
      tensor(
        [
          [1, 0.5, 0],
          [0, 1, 1],
        ],
        [2, 3],
      );
    expect(scalarOf(() => logitMatching(now(), kept()))).toBe(0.625);
  });

  it('leaves classes out that came later', () => {
    const now = () =>
      tensor(
        [
          [1, 0.5, 0, 100],
          [0, 1, 1, -100],
        ],
        [2, 4],
      );
    expect(scalarOf(() => logitMatching(now(), kept()))).toBe(0.625);
  });

  it('of samples with different numbers of logits counts those that there are', () => {
    const now = () => tensor([1, 1, 1, 3], [2, 2]);
    const [some, mask] = [() => tensor([0, 0, 0, 0], [2, 2]), () => tensor([1, 1, 1, 0], [2, 2])];
    expect(scalarOf(() => logitMatching(now(), some(), mask()))).toBe(1);
  });
});

describe('selection by score', () => {
  const scores = { head: 3, body: 1, norm: 2, other: 0.5 };

  it('takes what is above a threshold, the largest first', () => {
    expect(highest(scores, { threshold: 1 })).toEqual(['head', 'norm']);
  });

  it('takes the largest share, rounded, and at least one', () => {
    expect(highest(scores, { topFraction: 0.5 })).toEqual(['head', 'norm']);
    expect(highest(scores, { topFraction: 0.01 })).toEqual(['head']);
    expect(highest(scores, { topFraction: 1 })).toHaveLength(4);
  });
});

it('nothing is left behind', () => {
  expectNoLeak(() => void scalarOf(() => meanChange([tensor([1])], [tensor([2])])));
});
