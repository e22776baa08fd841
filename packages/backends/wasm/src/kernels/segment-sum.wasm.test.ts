import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { expectClose, runKernel, sample } from '../test-support.ts';

beforeAll(() => useWasm());

describe('segment sums', () => {
  it.each([
    [1, 1, 1],
    [7, 3, 4],
    [33, 17, 5],
    [65, 192, 40],
    [0, 3, 4],
  ])('%i rows of %i numbers into %i segments equal float64', (n, d, segments) => {
    const x = sample([n, d], 'x');
    // One id is out of range: such rows belong nowhere.
    const ids = Int32Array.from({ length: n }, (_, i) => (n > 5 && i === 5 ? -1 : (i * i) % segments));
    const labels = tf.tensor1d(ids, 'int32');
    const expected = new Float64Array(segments * d);
    ids.forEach((id, i) => {
      for (let j = 0; id >= 0 && j < d; j++) expected[id * d + j]! += x.values[i * d + j]!;
    });
    const [table] = runKernel('tapgrad.EmbeddingGrad', { dy: x.tensor, ids: labels }, { rows: segments });
    const sums = tf.unsortedSegmentSum(x.tensor, labels, segments);
    expectClose(table!, expected, 1e-5, 1);
    expect(sums.dataSync()).toEqual(table!.dataSync());
    tf.dispose([x.tensor, labels, table!, sums]);
  });

  it('sums integers exactly', () => {
    const x = tf.tensor1d([2 ** 24, 1, 5], 'int32');
    const ids = tf.tensor1d([1, 1, 0], 'int32');
    const sums = tf.unsortedSegmentSum(x, ids, 2);
    expect([sums.dtype, ...sums.dataSync()]).toEqual(['int32', 5, 2 ** 24 + 1]);
    tf.dispose([x, ids, sums]);
  });
});
