import { gradcheck } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-support.ts';
import {
  binaryCrossEntropy,
  cosineEmbedding,
  cosineSimilarity,
  crossEntropy,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
} from './index.ts';

function values(f: () => Tensor): number[] {
  return tidy(() => Array.from(f().dataSync()));
}

function expectClose(actual: number[], expected: number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] as number, 10);
}

function checkGradient(f: (x: Tensor, y: Tensor) => Tensor, shape: number[], other?: Tensor): void {
  const [x, y] = [randomTensor(shape, 1), other ?? randomTensor(shape, 2)];
  gradcheck((...inputs) => f(inputs[0] as Tensor, inputs[1] as Tensor), [x, y], { differentiable: [true, !other] });
  x.dispose();
  y.dispose();
}

const softmax = (row: number[]) => {
  const exponentials = row.map(Math.exp);
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
};
const rows = [
  [1, -2, 0.5],
  [0, 3, 1],
];
const logits = () => tensor(rows);
const labels = () => tensor([2, 1], [2], 'int32');
const negativeLog = rows.map((row) => softmax(row).map((value) => -Math.log(value)));

describe('crossEntropy', () => {
  const [first, second] = [negativeLog[0] as number[], negativeLog[1] as number[]] as const;
  const picked = [first[2] as number, second[1] as number] as const;

  it('is the negative log probability of the label', () => {
    expectClose(
      values(() => crossEntropy(logits(), labels(), { reduction: 'none' })),
      [...picked],
    );
    expectClose(
      values(() => crossEntropy(logits(), labels())),
      [(picked[0] + picked[1]) / 2],
    );
    expectClose(
      values(() => crossEntropy(logits(), labels(), { reduction: 'sum' })),
      [picked[0] + picked[1]],
    );
  });

  it('class weights make a weighted mean', () => {
    const classWeights = () => tensor([1, 2, 5]);
    expectClose(
      values(() => crossEntropy(logits(), labels(), { classWeights: classWeights() })),
      [(5 * picked[0] + 2 * picked[1]) / 7],
    );
    expectClose(
      values(() => crossEntropy(logits(), labels(), { classWeights: classWeights(), reduction: 'none' })),
      [5 * picked[0], 2 * picked[1]],
    );
  });

  it('class weights and label smoothing together weigh every class by its own weight', () => {
    const weights = [1, 2, 5];
    const smooth = (row: number[], label: number) =>
      row.reduce((sum, value, c) => sum + (weights[c] as number) * value * (0.1 + (c === label ? 0.7 : 0)), 0);
    const expected = (smooth(first, 2) + smooth(second, 1)) / 7;
    expectClose(
      values(() => crossEntropy(logits(), labels(), { classWeights: tensor(weights), labelSmoothing: 0.3 })),
      [expected],
    );
  });

  it('soft labels give what hard ones give when they are one-hot', () => {
    const oneHot = () =>
      tensor([
        [0, 0, 1],
        [0, 1, 0],
      ]);
    const weights = () => tensor([1, 2, 5]);
    expectClose(
      values(() => crossEntropy(logits(), oneHot())),
      values(() => crossEntropy(logits(), labels())),
    );
    expectClose(
      values(() => crossEntropy(logits(), oneHot(), { classWeights: weights() })),
      values(() => crossEntropy(logits(), labels(), { classWeights: weights() })),
    );
  });

  it('gradients', () => {
    const classWeights = tensor([1, 2, 5]);
    for (const options of [{}, { labelSmoothing: 0.2 }, { classWeights }, { classWeights, labelSmoothing: 0.2 }]) {
      checkGradient((x, y) => crossEntropy(x, y, options), [2, 3], labels());
    }
    classWeights.dispose();
  });

  it('takes the batch that holds the targets, as a stack gives it', () => {
    expectClose(
      values(() => crossEntropy(logits(), { inputs: [], targets: labels() })),
      values(() => crossEntropy(logits(), labels())),
    );
    expect(() => tidy(() => crossEntropy(logits(), { inputs: [] }))).toThrow(
      expect.objectContaining({ code: 'TARGETS_MISSING' }),
    );
  });

  it('class weights of another length are refused', () => {
    expect(() => tidy(() => crossEntropy(logits(), labels(), { classWeights: tensor([1]) }))).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
  });
});

describe('other losses', () => {
  it('binaryCrossEntropy is stable and weighs positives', () => {
    expectClose(
      values(() => binaryCrossEntropy(tensor([0, 0]), tensor([0, 1]))),
      [Math.log(2)],
    );
    expectClose(
      values(() => binaryCrossEntropy(tensor([800, -800]), tensor([1, 0]), { reduction: 'none' })),
      [0, 0],
    );
    expectClose(
      values(() => binaryCrossEntropy(tensor([0, 0]), tensor([0, 1]), { positiveWeight: 3, reduction: 'sum' })),
      [4 * Math.log(2)],
    );
    const targets = tensor([0, 1, 0.3], [3]);
    checkGradient((x, y) => binaryCrossEntropy(x, y), [3], targets.clone());
    checkGradient((x, y) => binaryCrossEntropy(x, y, { positiveWeight: 3 }), [3], targets);
  });

  it('regression losses', () => {
    const [a, b] = [() => tensor([0, 2, 4]), () => tensor([0, 1.5, 1])];
    expectClose(
      values(() => meanSquaredError(a(), b())),
      [9.25 / 3],
    );
    expectClose(
      values(() => meanAbsoluteError(a(), b())),
      [3.5 / 3],
    );
    expectClose(
      values(() => huber(a(), b(), { reduction: 'none' })),
      [0, 0.125, 2.5],
    );
    expectClose(
      values(() => huber(a(), b(), { delta: 2, reduction: 'none' })),
      [0, 0.125, 4],
    );
    for (const loss of [meanSquaredError, meanAbsoluteError, huber]) checkGradient((x, y) => loss(x, y), [2, 3]);
  });

  it('klDivergence is 0 for equal logits, the definition otherwise, and scales with the squared temperature', () => {
    const [p, q] = [softmax([1, -2, 0.5]), softmax([0, 3, 1])];
    const expected = p.reduce((sum, value, i) => sum + value * Math.log(value / (q[i] as number)), 0);
    expectClose(
      values(() => klDivergence(logits(), logits())),
      [0],
    );
    expectClose(
      values(() => klDivergence(tensor([[0, 3, 1]]), tensor([[1, -2, 0.5]]))),
      [expected],
    );
    expectClose(
      values(() => klDivergence(tensor([[0, 6, 2]]), tensor([[2, -4, 1]]), { temperature: 2 })),
      [4 * expected],
    );
    checkGradient((x, y) => klDivergence(x, y, { temperature: 3 }), [2, 3]);
  });

  it('cosineEmbedding draws pairs together or pushes them apart', () => {
    const [a, b] = [
      () =>
        tensor([
          [1, 0],
          [1, 0],
          [0, 0],
        ]),
      () =>
        tensor([
          [1, 1],
          [1, 1],
          [1, 1],
        ]),
    ];
    const cosine = Math.SQRT1_2;
    expectClose(
      values(() => cosineSimilarity(a(), b())),
      [cosine, cosine, 0],
    );
    expectClose(
      values(() => cosineEmbedding(a(), b(), tensor([1, -1, -1]), { margin: 0.2, reduction: 'none' })),
      [1 - cosine, cosine - 0.2, 0],
    );
    const signs = tensor([1, -1]);
    checkGradient((x, y) => cosineEmbedding(x, y, signs), [2, 3]);
    signs.dispose();
  });
});
