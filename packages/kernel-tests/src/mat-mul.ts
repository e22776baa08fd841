import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { matMul64 } from './mat-mul-reference.ts';
import { sample } from './sample.ts';

export const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

/** Which of `own` broadcast to `batch` stands at index i of it. */
function broadcastIndex(own: readonly number[], batch: readonly number[]): (i: number) => number {
  const padded = [...batch.slice(own.length).map(() => 1), ...own];
  return (i) => {
    let [rest, at, stride] = [i, 0, 1];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      if (padded[axis]! > 1) at += (rest % batch[axis]!) * stride;
      rest = Math.floor(rest / batch[axis]!);
      stride *= padded[axis]!;
    }
    return at;
  };
}

/**
 * Products of matrices and of batches that broadcast, with all transposes.
 * @param shapes rows, columns and what lies between, chosen by how the backend cuts a product
 * @param transposed the transposes that broadcasting is tried with
 */
export function testMatMul(
  shapes: readonly (readonly [m: number, n: number, k: number])[],
  transposed: readonly (readonly [boolean, boolean])[] = transposes,
): void {
  describe('BatchMatMul', () => {
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
      { batchA: [4], batchB: [1] },
      { batchA: [1], batchB: [4] },
      { batchA: [2, 1], batchB: [1, 3] },
      { batchA: [2, 1, 2], batchB: [3, 1] },
      { batchA: [5], batchB: [] },
      { batchA: [], batchB: [2, 2] },
    ])('batch dimensions $batchA and $batchB broadcast', async ({ batchA, batchB }) => {
      const [m, n, k] = [5, 6, 7];
      for (const [transposeA, transposeB] of transposed) {
        const a = sample([...batchA, ...(transposeA ? [k, m] : [m, k])], 'a');
        const b = sample([...batchB, ...(transposeB ? [n, k] : [k, n])], 'b');
        const c = tf.matMul(a.tensor, b.tensor, transposeA, transposeB);
        const batch = tf.backend_util.assertAndGetBroadcastShape(batchA, batchB);
        expect(c.shape).toEqual([...batch, m, n]);
        const count = batch.reduce((x, y) => x * y, 1);
        const [indexA, indexB] = [broadcastIndex(batchA, batch), broadcastIndex(batchB, batch)];
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
}
