import { record } from '@tapgrad/core';
import { gradcheck, gradgradcheck } from '@tapgrad/testing';
import {
  add,
  eye,
  gather,
  mul,
  neg,
  ones,
  relu,
  reshape,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { attentionShares, confidence, guidedPool, interact } from './math.ts';

const epsilon = 1e-8;
const numbers = (f: () => Tensor) => Array.from(tidy(() => f().dataSync()));

function expectNear(actual: readonly number[], expected: readonly number[], digits = 12): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, digits);
}

describe('the interaction of anchor I with [[2, 0], [1, 1]]', () => {
  const anchor = () => tensor([1, 0, 0, 1], [1, 2, 2]);
  const state = () => tensor([2, 0, 1, 1], [1, 2, 2]);

  it('has shares plus I of [[5/3, 1/3], [0, 2]]', () => {
    expectNear(
      numbers(() => add(attentionShares(anchor(), state(), undefined, epsilon)[0], eye(2))),
      [5 / 3, 1 / 3, 0, 2],
    );
  });

  it('is [[11/3, 1/3], [2, 2]]', () => {
    expectNear(
      numbers(() => interact(anchor(), state(), undefined, epsilon)),
      [11 / 3, 1 / 3, 2, 2],
    );
  });
});

describe('the interaction', () => {
  it('is the state itself, bit for bit, where no inner product is positive', () => {
    tidy(() => {
      const state = relu(randomTensor([2, 3, 4], 1));
      const anchor = neg(relu(randomTensor([2, 3, 4], 2)));
      expect(interact(anchor, state, undefined, epsilon).dataSync()).toEqual(state.dataSync());
    });
  });

  it('does not let what padding holds reach another token', () => {
    tidy(() => {
      const [anchor, state] = [randomTensor([2, 4, 3], 1), randomTensor([2, 4, 3], 2)];
      const mask = tensor([1, 1, 1, 0, 1, 1, 0, 0], [2, 4]);
      const other = add(state, mul(add(neg(reshape(mask, [2, 4, 1])), 1), randomTensor([2, 4, 3], 3)));
      const [a, b] = [state, other].map((each) => interact(anchor, each, mask, epsilon).arraySync()) as number[][][][];
      const real = mask.arraySync() as number[][];
      for (const [sample, row] of real.entries()) {
        for (const [token, kept] of row.entries()) {
          if (kept) expect(a?.[sample]?.[token]).toEqual(b?.[sample]?.[token]);
          else expect(a?.[sample]?.[token]).not.toEqual(b?.[sample]?.[token]);
        }
      }
    });
  });

  it('has the gradients of its formula, in first and second order, with and without a mask', () => {
    const mask = tensor([1, 1, 0, 1, 1, 1], [2, 3]);
    const given = [randomTensor([2, 3, 4], 1), randomTensor([2, 3, 4], 2)];
    for (const seen of [undefined, mask]) {
      const f = (...inputs: readonly Tensor[]) => interact(inputs[0] as Tensor, inputs[1] as Tensor, seen, epsilon);
      gradcheck((...inputs) => f(...(inputs as Tensor[])), given);
      gradgradcheck((...inputs) => f(...(inputs as Tensor[])), given);
    }
    // The anchor with itself, and sums that are clamped.
    gradcheck((x) => interact(x as Tensor, x as Tensor, mask, epsilon), given.slice(0, 1));
    gradcheck((a, f) => interact(a as Tensor, f as Tensor, mask, 100), given);
    for (const each of [mask, ...given]) each.dispose();
  });

  it('saves one attention map', () => {
    const [anchor, state] = [randomTensor([2, 5, 4], 1), randomTensor([2, 5, 4], 2)];
    const { value, tape } = record(() => interact(anchor, state, undefined, epsilon), {
      parameters: { anchor, state },
    });
    const [map, sums, both] = [2 * 5 * 5, 2 * 5, 2 * 2 * 5 * 4];
    expect(tape.savedBytes / 4).toBe(map + sums + both);
    for (const each of [value, anchor, state]) each.dispose();
    tape.dispose();
  });
});

describe('confidence', () => {
  const given = () => [randomTensor([2, 4, 3], 1), randomTensor([2, 3], 2), randomTensor([3, 1], 3)] as const;

  it('sums to 1; layers in another order have the same shares in that order', () => {
    tidy(() => {
      const [means, anchor, w] = given();
      const shares = confidence(means, anchor, w, tensor([0.3])).arraySync() as number[][];
      for (const row of shares) expect(row.reduce((total, share) => total + share, 0)).toBeCloseTo(1, 12);
      const order = tensor([2, 0, 3, 1], [4], 'int32');
      const moved = confidence(gather(means, order, 1), anchor, w, tensor([0.3])).arraySync() as number[][];
      for (const [i, row] of moved.entries()) {
        expectNear(
          row,
          [2, 0, 3, 1].map((layer) => shares[i]?.[layer] as number),
        );
      }
    });
  });

  it('is equal in all layers where w is 0, and does not see the bias', () => {
    const [uniform, shifted, plain] = [
      numbers(() => confidence(given()[0], given()[1], zeros([3, 1]), tensor([0.7]))),
      numbers(() => confidence(...given(), tensor([5]))),
      numbers(() => confidence(...given(), tensor([0]))),
    ];
    expect(uniform).toEqual(new Array(8).fill(0.25));
    expectNear(shifted, plain);
  });
});

describe('pooling under guidance', () => {
  it('sums a window by its shares plus one quarter', () => {
    // Products with the guide 2: 2, 6, -2, 0. Shares 1/4, 3/4, 0, 0.
    const maps = () => tensor([1, 3, -1, 0], [1, 2, 2, 1]);
    expectNear(
      numbers(() => guidedPool(maps(), tensor([2], [1, 1, 1, 1]), 2, epsilon)),
      [1 * 0.5 + 3 * 1 + -1 * 0.25],
    );
  });

  it('is the mean of a window where nothing is positive', () => {
    const maps = () => tensor([1, 3, 2, 0], [1, 2, 2, 1]);
    expectNear(
      numbers(() => guidedPool(maps(), tensor([-1], [1, 1, 1, 1]), 2, epsilon)),
      [1.5],
    );
  });

  it('has the gradients of its formula', () => {
    const given = [randomTensor([1, 4, 4, 2], 1), randomTensor([1, 2, 2, 2], 2)];
    gradcheck((maps, guide) => guidedPool(maps as Tensor, guide as Tensor, 2, epsilon), given);
    for (const each of given) each.dispose();
  });

  it('of windows of one pixel doubles what is positive', () => {
    tidy(() => {
      const maps = ones([1, 2, 2, 1]);
      expect(Array.from(guidedPool(maps, maps, 1, epsilon).dataSync())).toEqual([2, 2, 2, 2]);
    });
  });
});
