import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { expectClose, heapBytes, matMul64, sample } from '../test-support.ts';

beforeAll(() => useWasm());

const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

describe('BatchMatMul', () => {
  const shapes = [
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
  ] as const;
  it.each(shapes)('a %i x %i product over %i equals float64, all transposes', (m, n, k) => {
    for (const [transposeA, transposeB] of transposes) {
      const a = sample(transposeA ? [k, m] : [m, k], 'a');
      const b = sample(transposeB ? [n, k] : [k, n], 'b');
      const c = tf.matMul(a.tensor, b.tensor, transposeA, transposeB);
      expect(c.shape).toEqual([m, n]);
      expectClose(c, matMul64(a.values, b.values, m, n, k, transposeA, transposeB), 1e-5, Math.sqrt(k));
      tf.dispose([a.tensor, b.tensor, c]);
    }
  });

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

  it.each([
    { batchA: [3], batchB: [3] },
    { batchA: [4], batchB: [1] },
    { batchA: [1], batchB: [4] },
    { batchA: [2, 1], batchB: [1, 3] },
    { batchA: [2, 1, 2], batchB: [3, 1] },
    { batchA: [5], batchB: [] },
    { batchA: [], batchB: [2, 2] },
  ])('batch dimensions $batchA and $batchB broadcast', ({ batchA, batchB }) => {
    const [m, n, k] = [5, 6, 7];
    for (const [transposeA, transposeB] of transposes) {
      const a = sample([...batchA, ...(transposeA ? [k, m] : [m, k])], 'a');
      const b = sample([...batchB, ...(transposeB ? [n, k] : [k, n])], 'b');
      const c = tf.matMul(a.tensor, b.tensor, transposeA, transposeB);
      const batch = tf.backend_util.assertAndGetBroadcastShape(batchA, batchB);
      expect(c.shape).toEqual([...batch, m, n]);
      const count = batch.reduce((x, y) => x * y, 1);
      const index = tf.tidy(() => ({
        a: tf.broadcastTo(tf.reshape(tf.range(0, a.values.length / (m * k)), batchA), batch).dataSync(),
        b: tf.broadcastTo(tf.reshape(tf.range(0, b.values.length / (n * k)), batchB), batch).dataSync(),
      }));
      const expected = Array.from({ length: count }, (_, i) => [
        ...matMul64(a.values, b.values, m, n, k, transposeA, transposeB, index.a[i]! * m * k, index.b[i]! * n * k),
      ]).flat();
      expectClose(c, expected);
      tf.dispose([a.tensor, b.tensor, c]);
    }
  });

  it('empty operands give empty or zero products', () => {
    tf.tidy(() => {
      expect(tf.matMul(tf.zeros([0, 3]), tf.zeros([3, 4])).shape).toEqual([0, 4]);
      expect(tf.matMul(tf.zeros([0, 2, 3]), tf.zeros([0, 3, 4])).shape).toEqual([0, 2, 4]);
      expect([...tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 2])).dataSync()]).toEqual([0, 0, 0, 0]);
    });
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

describe('_FusedMatMul', () => {
  const functions: Record<string, (x: number) => number> = {
    linear: (x) => x,
    relu: (x) => Math.max(0, x),
    relu6: (x) => Math.min(6, Math.max(0, x)),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    elu: (x) => (x < 0 ? Math.expm1(x) : x),
    leakyrelu: (x) => (x < 0 ? 0.3 * x : x),
  };
  it.each(Object.keys(functions))('adds a bias, then applies %s', (activation) => {
    for (const [m, n, k] of [
      [1, 1, 1],
      [3, 17, 5],
      [6, 32, 9],
    ] as const) {
      const [a, b, bias] = [sample([m, k], 'a'), sample([k, n], 'b'), sample([n], 'bias')];
      const y = tf.fused.matMul({
        a: a.tensor as tf.Tensor2D,
        b: b.tensor as tf.Tensor2D,
        bias: bias.tensor,
        activation: activation as 'relu',
        leakyreluAlpha: 0.3,
      });
      const expected = matMul64(a.values, b.values, m, n, k).map((x, i) =>
        functions[activation]!(x + bias.values[i % n]!),
      );
      expectClose(y, expected, 1e-5);
      tf.dispose([a.tensor, b.tensor, bias.tensor, y]);
    }
  });

  it('takes prelu weights and a bias of any shape that broadcasts', () => {
    const [m, n, k] = [4, 5, 6];
    const [a, b, bias, alpha] = [
      sample([m, k], 'a'),
      sample([k, n], 'b'),
      sample([m, 1], 'bias'),
      sample([1, n], 'alpha'),
    ];
    const y = tf.fused.matMul({
      a: a.tensor as tf.Tensor2D,
      b: b.tensor as tf.Tensor2D,
      bias: bias.tensor,
      activation: 'prelu',
      preluActivationWeights: alpha.tensor,
    });
    const expected = matMul64(a.values, b.values, m, n, k).map((x, i) => {
      const z = x + bias.values[Math.floor(i / n)]!;
      return z < 0 ? alpha.values[i % n]! * z : z;
    });
    expectClose(y, expected);
    tf.dispose([a.tensor, b.tensor, bias.tensor, alpha.tensor, y]);
  });
});
