import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { accuracy, ConfusionMatrix, Mean, type Metric, macroF1, topK } from './index.ts';

async function fed(metric: Metric, ...batches: [logits: number[][], labels: number[]][]): Promise<number> {
  for (const [rows, labels] of batches) {
    const tensors: [Tensor, Tensor] = [tensor(rows), tensor(labels, [labels.length], 'int32')];
    await metric.update(...tensors);
    for (const made of tensors) made.dispose();
  }
  return metric.value();
}

const first: [number[][], number[]] = [
  [
    [5, 1, 2],
    [1, 2, 9],
  ],
  [0, 1],
];
const second: [number[][], number[]] = [[[0, 3, 1]], [1]];

describe('metrics', () => {
  it('accuracy is the share of right answers over all batches', async () => {
    const metric = accuracy();
    expect(metric.value()).toBe(0);
    expect(await fed(metric, first, second)).toBeCloseTo(2 / 3, 12);
    metric.reset();
    expect(await fed(metric, second)).toBe(1);
  });

  it('topK counts a label among the k largest', async () => {
    expect(await fed(topK(2), first, second)).toBe(1);
    expect(topK(5).name).toBe('top5');
  });

  it('macroF1 is the mean F1 of the classes that occur', async () => {
    // Class 0: 1 of 1; class 1: recall 1/2, precision 1; class 2: predicted once, never right.
    const metric = macroF1(4);
    expect(await fed(metric, first, second)).toBeCloseTo((1 + 2 / 3 + 0) / 3, 12);
    metric.reset();
    expect(metric.value()).toBe(0);
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
