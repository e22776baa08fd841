import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { grad, record } from '../index.ts';

type Save = (tensors: tf.Tensor[]) => void;

/** Made when the module loads, before any tape records: as user code is written. */
const doubled = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.mul(dy, 2),
}));

const cube = tf.customGrad((x, save) => {
  (save as Save)([x as tf.Tensor]);
  return {
    value: tf.pow(x as tf.Tensor, 3),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(tf.square(saved[0] as tf.Tensor), 3)),
  };
});

describe('a function made by tf.customGrad', () => {
  it('keeps its own gradient, also if it was made before anything recorded', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      expect(grad(() => tf.sum(doubled(x)), [x])[0]!.dataSync()).toEqual(new Float32Array([2, 2]));
    });
  });

  it('has second derivatives through what it saved', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      const [second] = grad(() => tf.sum(grad(() => tf.sum(cube(x)), [x])[0]!), [x]);
      expect(second!.dataSync()).toEqual(new Float32Array([6, 12]));
    });
  });

  it('saves what it said alone', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      const { value, tape } = record(() => cube(x), { parameters: [x] });
      expect(tape.savedBuffers).toBe(1);
      tape.dispose();
      value.dispose();
    });
  });
});
