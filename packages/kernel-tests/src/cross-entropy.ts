import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { runKernel } from './run-kernel.ts';
import { sample } from './sample.ts';

function reference(x: Float64Array, target: (row: number, column: number) => number, rows: number, d: number) {
  const [loss, dx] = [new Float64Array(rows), new Float64Array(rows * d)];
  for (let i = 0; i < rows; i++) {
    const row = x.slice(i * d, (i + 1) * d);
    const largest = row.reduce((a, b) => Math.max(a, b));
    const normalizer = largest + Math.log(row.reduce((a, b) => a + Math.exp(b - largest), 0));
    const total = row.reduce((a, _, j) => a + target(i, j), 0);
    for (let j = 0; j < d; j++) {
      loss[i]! += target(i, j) * (normalizer - row[j]!);
      dx[i * d + j] = Math.exp(row[j]! - normalizer) * total - target(i, j);
    }
  }
  return { loss, dx };
}

const cases = [
  [1, 1],
  [3, 3],
  [5, 10],
  [17, 33],
  [3, 64],
  [4, 1000],
  [3, 1024],
  [2, 30_011],
].flatMap(([rows, d]) => [0, 0.1].map((labelSmoothing) => ({ rows: rows!, d: d!, labelSmoothing })));

/** Softmax cross-entropy with numbers and with distributions as labels, and its gradient. */
export function testCrossEntropy(): void {
  describe('SoftmaxCrossEntropy', () => {
    it.each(cases)('$rows rows of $d classes, smoothing $labelSmoothing, equal float64', async (one) => {
      const { rows, d, labelSmoothing } = one;
      const logits = sample([rows, d], 'logits', 5);
      const dy = sample([rows], 'dy');
      // The last row's label is out of range: a row of zeros in the one-hot matrix.
      const ids = Int32Array.from({ length: rows }, (_, i) => (rows > 1 && i === rows - 1 ? -1 : (i * 7) % d));
      const labels = tf.tensor1d(ids, 'int32');
      const forward = { logits: logits.tensor, labels };
      const [loss, logSumExp] = runKernel('tapgrad.SoftmaxCrossEntropy', forward, { labelSmoothing });
      const target = (i: number, j: number) => (ids[i] === j ? 1 - labelSmoothing : 0) + labelSmoothing / d;
      const expected = reference(logits.values, target, rows, d);
      expectClose(await loss!.data(), expected.loss, 1e-5, 1);
      const backward = { ...forward, dy: dy.tensor, logSumExp: logSumExp! };
      const [dx] = runKernel('tapgrad.SoftmaxCrossEntropyGrad', backward, { labelSmoothing });
      const wanted = expected.dx.map((v, i) => v * dy.values[Math.floor(i / d)]!);
      expectClose(await dx!.data(), wanted, 1e-5, 1);
      tf.dispose([logits.tensor, dy.tensor, labels, loss!, logSumExp!, dx!]);
    });

    it('takes target distributions', async () => {
      const [rows, d] = [6, 7];
      const logits = sample([rows, d], 'logits', 5);
      const targets = tf.tidy(() => tf.softmax(tf.mul(logits.tensor, -1)));
      const values = Float64Array.from(await targets.data());
      for (const labelSmoothing of [0, 0.2]) {
        const inputs = { logits: logits.tensor, labels: targets };
        const [loss, logSumExp] = runKernel('tapgrad.SoftmaxCrossEntropy', inputs, { labelSmoothing });
        const target = (i: number, j: number): number => values[i * d + j]! * (1 - labelSmoothing) + labelSmoothing / d;
        expectClose(await loss!.data(), reference(logits.values, target, rows, d).loss);
        tf.dispose([loss!, logSumExp!]);
      }
      tf.dispose([logits.tensor, targets]);
    });

    it('an offset common to all logits costs no accuracy', async () => {
      const [rows, d] = [6, 7];
      const logits = tf.tidy(() => tf.add(sample([rows, d], 'logits', 5).tensor, 3000));
      const x = Float64Array.from(await logits.data());
      const distributions = tf.tidy(() => tf.softmax(sample([rows, d], 'targets').tensor));
      const t = await distributions.data();
      const labels = tf.tensor1d([0, 1, 2, 3, 4, 5], 'int32');
      for (const labelSmoothing of [0, 0.2]) {
        const target = (peak: number) => peak * (1 - labelSmoothing) + labelSmoothing / d;
        const [byLabel, first] = runKernel('tapgrad.SoftmaxCrossEntropy', { logits, labels }, { labelSmoothing });
        const one = reference(x, (i, j) => target(+(i === j)), rows, d);
        expectClose(await byLabel!.data(), one.loss, 1e-6, 1);
        const [dense, second] = runKernel(
          'tapgrad.SoftmaxCrossEntropy',
          { logits, labels: distributions },
          { labelSmoothing },
        );
        const spread = reference(x, (i, j) => target(t[i * d + j]!), rows, d);
        expectClose(await dense!.data(), spread.loss, 1e-6, 1);
        tf.dispose([byLabel!, first!, dense!, second!]);
      }
      tf.dispose([logits, distributions, labels]);
    });

    it('logits of any size neither overflow nor underflow, and no rows are no work', async () => {
      const logits = tf.tensor2d([1e4, -1e4, 0, -1e30, -1e30, -1e30], [2, 3]);
      const labels = tf.tensor1d([1, 0], 'int32');
      const made = runKernel('tapgrad.SoftmaxCrossEntropy', { logits, labels }, { labelSmoothing: 0 });
      const [first, second] = await made[0]!.data();
      expect(first).toBeCloseTo(2e4);
      expect(second).toBeCloseTo(Math.log(3), 5);
      const none = { logits: tf.zeros([0, 3]), labels: tf.zeros([0], 'int32') };
      const empty = runKernel('tapgrad.SoftmaxCrossEntropy', none, { labelSmoothing: 0 });
      expect(empty.map(({ shape }) => shape)).toEqual([[0], [0]]);
      tf.dispose([logits, labels, made, empty, none]);
    });
  });
}
