import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { grad, valueAndGrad } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

describe('valueAndGrad', () => {
  it('gives gradients in the structure of the parameters, zeros for one that is not used', () => {
    tf.tidy(() => {
      const [a, b, unused] = [normal([2], 'a'), normal([2], 'b'), normal([3], 'c')];
      const { value, gradients } = valueAndGrad(() => tf.sum(tf.mul(a, b)), { a, b, unused });
      expect(value.shape).toEqual([]);
      expect(valuesOf(gradients.a)).toEqual(valuesOf(b));
      expect(valuesOf(gradients.b)).toEqual(valuesOf(a));
      expect(valuesOf(gradients.unused)).toEqual([0, 0, 0]);
    });
  });

  it('keeps gradients apart that came as one and the same tensor', () => {
    const [a, b] = [normal([2], 'a'), normal([2], 'b')];
    expectNoLeak(() => {
      const [first, second] = grad(() => tf.sum(tf.add(a, b)), [a, b]) as [tf.Tensor, tf.Tensor];
      first.dispose();
      expect(valuesOf(second)).toEqual([1, 1]);
      second.dispose();
    });
    tf.dispose([a, b]);
  });

  it('works where a parameter is itself the value, or used twice', () => {
    tf.tidy(() => {
      const s = tf.scalar(3);
      expect(valuesOf(valueAndGrad(() => s, [s]).gradients[0] as tf.Tensor)).toEqual([1]);
      expect(valuesOf(grad(() => tf.mul(s, s), [s])[0] as tf.Tensor)).toEqual([6]);
    });
  });

  it('leaves nothing but value and gradients', () => {
    const w = normal([3, 3], 'w');
    const before = tf.memory();
    const { value, gradients } = valueAndGrad(
      () => tf.sum(tf.sigmoid(tf.matMul(w as tf.Tensor2D, w as tf.Tensor2D))),
      [w],
    );
    expect(tf.memory().numTensors - before.numTensors).toBe(2);
    expect(tf.memory().numDataBuffers - before.numDataBuffers).toBe(2);
    tf.dispose([value, ...gradients, w]);
  });

  it('differentiates tfjs ops that bring gradients of their own', () => {
    tf.tidy(() => {
      const x = normal([2, 3], 'x');
      const labels = tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3]);
      const [gradient] = grad(() => tf.losses.softmaxCrossEntropy(labels, x), [x]) as [tf.Tensor];
      const expected = valuesOf(tf.div(tf.sub(tf.softmax(x), labels), 2));
      for (const [i, value] of valuesOf(gradient).entries()) expect(value).toBeCloseTo(expected[i] as number, 12);
    });
  });
});
