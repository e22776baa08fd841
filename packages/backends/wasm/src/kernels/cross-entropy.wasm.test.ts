import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { expectClose, runKernel, sample } from '../test-support.ts';

beforeAll(() => useWasm());

function reference(
  x: Float64Array,
  target: (row: number, column: number) => number,
  rows: number,
  d: number,
): { loss: Float64Array; dx: Float64Array } {
  const loss = new Float64Array(rows);
  const dx = new Float64Array(rows * d);
  for (let i = 0; i < rows; i++) {
    const row = x.slice(i * d, (i + 1) * d);
    const largest = Math.max(...row);
    const normalizer = largest + Math.log(row.reduce((a, b) => a + Math.exp(b - largest), 0));
    const total = row.reduce((a, _, j) => a + target(i, j), 0);
    for (let j = 0; j < d; j++) {
      loss[i]! += target(i, j) * (normalizer - row[j]!);
      dx[i * d + j] = Math.exp(row[j]! - normalizer) * total - target(i, j);
    }
  }
  return { loss, dx };
}

describe('SoftmaxCrossEntropy', () => {
  const cases = [
    [1, 1],
    [3, 3],
    [5, 10],
    [17, 33],
    [4, 1000],
  ].flatMap(([rows, d]) => [0, 0.1].map((labelSmoothing) => ({ rows: rows!, d: d!, labelSmoothing })));
  it.each(cases)(
    '$rows rows of $d classes, smoothing $labelSmoothing, equal float64',
    ({ rows, d, labelSmoothing }) => {
      const logits = sample([rows, d], 'logits', 5);
      const dy = sample([rows], 'dy');
      // The last row's label is out of range: a row of zeros in the one-hot matrix.
      const ids = Int32Array.from({ length: rows }, (_, i) => (rows > 1 && i === rows - 1 ? -1 : (i * 7) % d));
      const labels = tf.tensor1d(ids, 'int32');
      const [loss, logSumExp] = runKernel(
        'tapgrad.SoftmaxCrossEntropy',
        { logits: logits.tensor, labels },
        { labelSmoothing },
      );
      const expected = reference(
        logits.values,
        (i, j) => (ids[i] === j ? 1 - labelSmoothing : 0) + labelSmoothing / d,
        rows,
        d,
      );
      expectClose(loss!, expected.loss, 1e-5, 1);
      const [dx] = runKernel(
        'tapgrad.SoftmaxCrossEntropyGrad',
        { dy: dy.tensor, logits: logits.tensor, labels, logSumExp: logSumExp! },
        { labelSmoothing },
      );
      expectClose(
        dx!,
        expected.dx.map((v, i) => v * dy.values[Math.floor(i / d)]!),
        1e-5,
        1,
      );
      tf.dispose([logits.tensor, dy.tensor, labels, loss!, logSumExp!, dx!]);
    },
  );

  it('takes target distributions', () => {
    const [rows, d] = [6, 7];
    const logits = sample([rows, d], 'logits', 5);
    const targets = tf.tidy(() => tf.softmax(tf.mul(logits.tensor, -1)));
    const values = Float64Array.from(targets.dataSync());
    for (const labelSmoothing of [0, 0.2]) {
      const [loss, logSumExp] = runKernel(
        'tapgrad.SoftmaxCrossEntropy',
        { logits: logits.tensor, labels: targets },
        { labelSmoothing },
      );
      const target = (i: number, j: number): number => values[i * d + j]! * (1 - labelSmoothing) + labelSmoothing / d;
      expectClose(loss!, reference(logits.values, target, rows, d).loss);
      tf.dispose([loss!, logSumExp!]);
    }
    tf.dispose([logits.tensor, targets]);
  });

  it('logits of any size neither overflow nor underflow', () => {
    const logits = tf.tensor2d([
      [1e4, -1e4, 0],
      [-1e30, -1e30, -1e30],
    ]);
    const labels = tf.tensor1d([1, 0], 'int32');
    const [loss, logSumExp] = runKernel('tapgrad.SoftmaxCrossEntropy', { logits, labels }, { labelSmoothing: 0 });
    expect(loss!.dataSync()[0]).toBeCloseTo(2e4);
    expect(Number.isFinite(loss!.dataSync()[1])).toBe(true);
    tf.dispose([logits, labels, loss!, logSumExp!]);
  });
});
