import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, matMul64, sample } from '../../../wasm/src/test-support.ts';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

describe('BatchMatMul', () => {
  // Sizes that are and are not multiples of four and of a tile, and few rows or columns.
  const shapes = [
    [1, 1, 1],
    [3, 5, 7],
    [5, 16, 40],
    [65, 64, 257],
    [130, 72, 260],
    [33, 4, 17],
  ] as const;
  it.each(shapes)('a %i x %i product over %i equals float64, all transposes', async (m, n, k) => {
    for (const [transposeA, transposeB] of transposes) {
      const a = sample(transposeA ? [k, m] : [m, k], 'a');
      const b = sample(transposeB ? [n, k] : [k, n], 'b');
      const c = tf.matMul(a.tensor, b.tensor, transposeA, transposeB);
      expect(c.shape).toEqual([m, n]);
      expectClose(await c.data(), matMul64(a.values, b.values, m, n, k, transposeA, transposeB), 1e-5, Math.sqrt(k));
      tf.dispose([a.tensor, b.tensor, c]);
    }
  });

  it.each([
    { batchA: [3], batchB: [3] },
    { batchA: [1], batchB: [4] },
    { batchA: [2, 1], batchB: [1, 3] },
    { batchA: [2, 1, 2], batchB: [3, 1] },
    { batchA: [5], batchB: [] },
    { batchA: [], batchB: [2, 2] },
  ])('batch dimensions $batchA and $batchB broadcast', async ({ batchA, batchB }) => {
    const [m, n, k] = [5, 6, 7];
    for (const [transposeA, transposeB] of transposes.slice(1, 3)) {
      const a = sample([...batchA, ...(transposeA ? [k, m] : [m, k])], 'a');
      const b = sample([...batchB, ...(transposeB ? [n, k] : [k, n])], 'b');
      const c = tf.matMul(a.tensor, b.tensor, transposeA, transposeB);
      const batch = tf.backend_util.assertAndGetBroadcastShape(batchA, batchB);
      expect(c.shape).toEqual([...batch, m, n]);
      const count = batch.reduce((x, y) => x * y, 1);
      const index = (own: number[]) => (i: number) => {
        const padded = [...batch.slice(own.length).map(() => 1), ...own];
        let [rest, at, stride] = [i, 0, 1];
        for (let axis = batch.length - 1; axis >= 0; axis--) {
          if (padded[axis]! > 1) at += (rest % batch[axis]!) * stride;
          rest = Math.floor(rest / batch[axis]!);
          stride *= padded[axis]!;
        }
        return at;
      };
      const [indexA, indexB] = [index(batchA), index(batchB)];
      const expected = Array.from({ length: count }, (_, i) => [
        ...matMul64(a.values, b.values, m, n, k, transposeA, transposeB, indexA(i) * m * k, indexB(i) * n * k),
      ]).flat();
      expectClose(await c.data(), expected);
      tf.dispose([a.tensor, b.tensor, c]);
    }
  });

  it('empty operands give empty or zero products', async () => {
    const empty = [tf.zeros([0, 3]), tf.zeros([3, 4]), tf.zeros([0, 2, 3]), tf.zeros([0, 3, 4])] as const;
    const [rows, batches] = [tf.matMul(empty[0], empty[1]), tf.matMul(empty[2], empty[3])];
    expect([rows.shape, batches.shape]).toEqual([
      [0, 4],
      [0, 2, 4],
    ]);
    const [a, b] = [tf.zeros([2, 0]), tf.zeros([0, 2])];
    const zeros = tf.matMul(a, b);
    expect([...(await zeros.data())]).toEqual([0, 0, 0, 0]);
    tf.dispose([...empty, rows, batches, a, b, zeros]);
  });

  it('a product over a long inner dimension is right, and the same bits again', async () => {
    const [m, n, k] = [5, 6, 3001];
    const [a, b] = [sample([m, k], 'a'), sample([n, k], 'b')];
    const products = [0, 1].map(() => tf.matMul(a.tensor, b.tensor, false, true));
    const [first, again] = await Promise.all(products.map((each) => each.data()));
    expectClose(first!, matMul64(a.values, b.values, m, n, k, false, true), 1e-5, Math.sqrt(k));
    expect(again).toEqual(first);
    tf.dispose([a.tensor, b.tensor, ...products]);
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
  it.each(Object.keys(functions))('adds a bias, then applies %s', async (activation) => {
    // In one pass with and without vectors of four, and behind a sum of parts.
    for (const [m, n, k] of [
      [3, 17, 5],
      [6, 32, 900],
      ...(activation === 'relu' ? ([[40, 32, 9]] as const) : []),
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
      expectClose(await y.data(), expected, 1e-5, Math.sqrt(k));
      tf.dispose([a.tensor, b.tensor, bias.tensor, y]);
    }
  });

  it('takes prelu weights and a bias of any shape that broadcasts', async () => {
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
    expectClose(await y.data(), expected);
    tf.dispose([a.tensor, b.tensor, bias.tensor, alpha.tensor, y]);
  });
});
