import * as tf from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { matMul64 } from './mat-mul-reference.ts';
import { sample } from './sample.ts';

const functions: Record<string, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  leakyrelu: (x) => (x < 0 ? 0.3 * x : x),
};

/** Products with a bias and an activation. */
export function testFusedMatMul(): void {
  describe('_FusedMatMul', () => {
    it.each(Object.keys(functions))('adds a bias, then applies %s', async (activation) => {
      // In one pass with and without vectors of four, and behind a sum of parts.
      for (const [m, n, k] of [
        [1, 1, 1],
        [3, 17, 5],
        [6, 32, 9],
        [40, 32, 9],
        [6, 32, 900],
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
}
