import { gradcheck } from '@tapgrad/testing';
import { eye, neg, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-models.ts';
import { boundaryLoss, focal, infoNce, sampledNce, scaleOf } from './losses.ts';

const number = (f: () => Tensor) => tidy(() => f().dataSync()[0] as number);

describe('InfoNCE', () => {
  it('of equal orthonormal rows is -log(e^s / (e^s + n - 1)), s = 1 / 0.07', () => {
    const scale = scaleOf(0.07);
    expect(scale).toBeCloseTo(14.2857, 4);
    const expected = -Math.log(Math.exp(scale) / (Math.exp(scale) + 3));
    expect(number(() => infoNce(eye(4), eye(4), scale))).toBeCloseTo(expected, 12);
  });

  it('of one pair is 0, of opposite pairs it is large, and a factor in a row does not count', () => {
    expect(number(() => infoNce(randomTensor([3, 1, 4]), randomTensor([3, 1, 4], 2), 10))).toBeCloseTo(0, 12);
    expect(number(() => infoNce(eye(3), neg(eye(3)), 10))).toBeGreaterThan(10);
    expect(number(() => infoNce(tensor([3, 0, 0, 5], [2, 2]), eye(2), 10))).toBeCloseTo(
      number(() => infoNce(eye(2), eye(2), 10)),
      12,
    );
  });

  it('has a scale of 100 at most', () => {
    expect(scaleOf(0.001)).toBe(100);
  });

  it('has the gradients of its formula', () => {
    const given = [randomTensor([2, 3, 4], 1), randomTensor([2, 3, 4], 2)];
    gradcheck((a, b) => infoNce(a as Tensor, b as Tensor, 3), given);
    for (const each of given) each.dispose();
  });
});

describe('the focal loss', () => {
  it('is (1 - p)² times cross-entropy', () => {
    const p = 1 / (1 + Math.exp(-0.3));
    tidy(() => {
      const [foreground, background] = focal(tensor([0.3, 0.3]), tensor([1, 0])).dataSync();
      expect(foreground).toBeCloseTo((1 - p) ** 2 * -Math.log(p), 12);
      expect(background).toBeCloseTo(p ** 2 * -Math.log(1 - p), 12);
    });
  });

  it('stays finite far out, with the gradient of its formula', () => {
    tidy(() => {
      const [right, wrong] = focal(tensor([80, -80]), tensor([1, 1])).dataSync();
      expect(right).toBeCloseTo(0, 12);
      expect(wrong).toBeCloseTo(80, 6);
    });
    const logits = randomTensor([6]);
    const labels = tensor([1, 0, 1, 0, 0, 1]);
    gradcheck((x) => focal(x as Tensor, labels), [logits]);
    logits.dispose();
    labels.dispose();
  });
});

it('the boundary loss is the mean over positive points of both offsets’ errors', () => {
  const loss = () =>
    boundaryLoss(
      tensor([1, 2, 5, 5, 3, 3], [1, 3, 2]),
      tensor([0, 4, 9, 9, 3, 4], [1, 3, 2]),
      tensor([1, 0, 1], [1, 3]),
    );
  expect(number(loss)).toBeCloseTo((3 + 1) / 2, 12);
  expect(number(() => boundaryLoss(tensor([1, 2], [1, 1, 2]), tensor([0, 0], [1, 1, 2]), tensor([0], [1, 1])))).toBe(0);
});

describe('the sampled contrast', () => {
  it('counts clips that are not more salient, and the batch', () => {
    // One sample: the batch part is 0. Clip 1 is sampled; clip 2 is more salient and does not count.
    const states = () => tensor([1, 0, 0, 1, 0, 1], [1, 3, 2]);
    const query = () => tensor([0, 1], [1, 2]);
    const side = () => ({ saliency: tensor([0.1, 0.5, 0.9], [1, 3]), sampled: tensor([0, 1, 0], [1, 3]) });
    expect(number(() => sampledNce(states(), query(), side(), 2))).toBeCloseTo(
      Math.log(Math.exp(0) + Math.exp(2)) - 2,
      12,
    );
    const hidden = () => ({ ...side(), real: tensor([0, 1, 1], [1, 3]) });
    expect(number(() => sampledNce(states(), query(), hidden(), 2))).toBeCloseTo(0, 12);
  });

  it('has the gradients of its formula', () => {
    const given = [randomTensor([2, 3, 4], 1), randomTensor([2, 4], 2)];
    const saliency = tensor([0.1, 0.5, 0.9, 0.3, 0.2, 0.1], [2, 3]);
    const sampled = tensor([0, 1, 0, 1, 0, 0], [2, 3]);
    gradcheck((a, b) => sampledNce(a as Tensor, b as Tensor, { saliency, sampled }, 3), given);
    for (const each of [saliency, sampled, ...given]) each.dispose();
  });
});
