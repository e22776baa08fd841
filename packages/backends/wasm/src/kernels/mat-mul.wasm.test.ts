import { expectClose, matMul64, sample, testFusedMatMul, testMatMul, transposes } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { heapBytes } from '../test-heap.ts';

beforeAll(() => useWasm());

testMatMul([
  [1, 1, 1],
  [1, 3, 5],
  [3, 5, 7],
  [5, 16, 1],
  [7, 17, 33],
  [8, 32, 9],
  [9, 15, 300],
  [17, 33, 65],
  [33, 1, 17],
  [1, 65, 33],
  [65, 64, 257],
  [130, 70, 260],
]);
testFusedMatMul();

describe('BatchMatMul', () => {
  it('a large product is right in places', () => {
    const size = 1024;
    const a = sample([size, size], 'a');
    const b = sample([size, size], 'b');
    for (const [transposeA, transposeB] of transposes) {
      const c = tf.matMul(a.tensor, b.tensor, transposeA, transposeB);
      const values = c.dataSync();
      for (let t = 0; t < 50; t++) {
        const [i, j] = [(t * 613) % size, (t * 389) % size];
        let sum = 0;
        for (let q = 0; q < size; q++) {
          sum +=
            a.values[transposeA ? q * size + i : i * size + q]! * b.values[transposeB ? j * size + q : q * size + j]!;
        }
        expect(Math.abs(values[i * size + j]! - sum)).toBeLessThan(1e-5 * 32);
      }
      c.dispose();
    }
    tf.dispose([a.tensor, b.tensor]);
  });

  it('results stay right when the heap grows between calls', () => {
    const a = sample([40, 30], 'a');
    const before = heapBytes();
    const ballast: tf.Tensor[] = [];
    while (heapBytes() === before) ballast.push(tf.zeros([1 << 20]));
    const c = tf.matMul(a.tensor, a.tensor, false, true);
    expectClose(c, matMul64(a.values, a.values, 40, 40, 30, false, true));
    tf.dispose([a.tensor, c, ...ballast]);
  });

  it('a thousand products leave no tensor and do not grow the heap', () => {
    const a = sample([40, 30], 'a');
    const b = sample([40, 30], 'b');
    tf.dispose(tf.matMul(a.tensor, b.tensor, true));
    const [tensors, bytes] = [tf.memory().numTensors, heapBytes()];
    for (let i = 0; i < 1000; i++) tf.dispose(tf.matMul(a.tensor, b.tensor, i % 2 === 0, i % 2 === 1));
    expect([tf.memory().numTensors, heapBytes()]).toEqual([tensors, bytes]);
    tf.dispose([a.tensor, b.tensor]);
  });
});
