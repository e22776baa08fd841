import { expectNoLeak } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { accuracy, ConfusionMatrix, Mean, topKAccuracy } from './index.ts';

const logits = () =>
  tensor([
    [5, 1, 2],
    [1, 2, 9],
    [0, 3, 1],
  ]);
const labels = () => tensor([0, 1, 1], [3], 'int32');

function value(f: () => Tensor): number {
  return tidy(() => f().dataSync()[0] as number);
}

describe('metrics', () => {
  it('accuracy is the share of right answers', () => {
    expect(value(() => accuracy(logits(), labels()))).toBeCloseTo(2 / 3, 12);
    expect(value(() => accuracy(logits(), { inputs: [], targets: labels() }))).toBeCloseTo(2 / 3, 12);
  });

  it('topKAccuracy counts a label among the k largest', () => {
    expect(value(() => topKAccuracy(1)(logits(), labels()))).toBeCloseTo(2 / 3, 12);
    expect(value(() => topKAccuracy(2)(logits(), labels()))).toBe(1);
  });

  it('a confusion matrix gathers batches without a leak; macro F1 is over the classes that occur', async () => {
    const matrix = new ConfusionMatrix(4);
    expect(matrix.macroF1).toBe(0);
    await expectNoLeak(async () => {
      const [outputs, targets] = [logits(), labels()];
      await matrix.update(outputs, targets);
      outputs.dispose();
      targets.dispose();
    });
    // Class 0: 1 of 1; class 1: recall 1/2, precision 1; class 2: predicted once, never right; class 3 never occurs.
    expect(matrix.macroF1).toBeCloseTo((1 + 2 / 3 + 0) / 3, 12);
  });

  it('a confusion matrix tells precision and recall, and refuses labels it has no room for', () => {
    const matrix = new ConfusionMatrix(3);
    matrix.add([0, 2, 1, 1], [0, 1, 1, 1]);
    expect(matrix.at(1, 2)).toBe(1);
    expect(matrix.accuracy).toBe(0.75);
    expect(matrix.precision()).toEqual([1, 1, 0]);
    expect(matrix.recall()).toEqual([1, 2 / 3, 0]);
    for (const label of [3, -1, 0.5]) {
      expect(() => matrix.add([0], [label])).toThrow(expect.objectContaining({ code: 'LABEL_OUT_OF_RANGE' }));
    }
  });

  it('a mean weighs by batch size', () => {
    const mean = new Mean();
    mean.add(1, 3);
    mean.add(5);
    expect(mean.value).toBe(2);
    mean.reset();
    expect(mean.value).toBe(0);
  });
});
