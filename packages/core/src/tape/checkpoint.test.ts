import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { checkpoint, dropout, gelu, linear, manualSeed, record, valueAndGrad } from '../index.ts';

const x = () => tf.tensor2d([0.3, -0.2, 0.8, 1.1, 0.4, -0.9], [2, 3]);
const w = () => tf.tensor2d([0.1, -0.4, 0.3, 0.6, 0.2, -0.5, 0.7, 0.9, -0.1], [3, 3]);

describe('checkpoint', () => {
  it('gives the gradients of the plain segment, with the same random draws', () => {
    tf.tidy(() => {
      const [input, weight] = [x(), tf.variable(w())];
      const segment = (h: tf.Tensor) => tf.mul(dropout(gelu(linear(h, weight)), 0.5), tf.square(h));
      const run = (wrap: boolean) => {
        manualSeed(5);
        return valueAndGrad(() => tf.sum(wrap ? checkpoint(segment, tf.exp(input)) : segment(tf.exp(input))), {
          input,
          weight,
        });
      };
      const [plain, wrapped] = [run(false), run(true)];
      expect(wrapped.value.dataSync()).toEqual(plain.value.dataSync());
      expect(wrapped.gradients.input.dataSync()).toEqual(plain.gradients.input.dataSync());
      expect(wrapped.gradients.weight.dataSync()).toEqual(plain.gradients.weight.dataSync());
      expect(Math.max(...plain.gradients.weight.dataSync().map(Math.abs))).toBeGreaterThan(0.1);
      weight.dispose();
    });
  });

  it('keeps its inputs alone', () => {
    tf.tidy(() => {
      const [input, weight] = [x(), tf.variable(w())];
      const segment = (h: tf.Tensor) => tf.exp(tf.square(linear(h, weight)));
      const { tape } = record(() => checkpoint(segment, tf.exp(input)), { parameters: { input, weight } });
      expect(tape.savedBytes).toBe(input.size * 4);
      tape.dispose();
      weight.dispose();
    });
  });

  it('refuses an activation that was not passed in', () => {
    tf.tidy(() => {
      const input = x();
      const run = () =>
        valueAndGrad(() => {
          const hidden = tf.exp(input);
          return tf.sum(checkpoint((h) => tf.mul(h, hidden), tf.square(input)));
        }, [input]);
      expect(run).toThrow(/CHECKPOINT_CAPTURE/);
    });
  });
});
