import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { grad } from '../index.ts';

/** The gradient of the sum of `f` at `values`. */
function slopes(f: (x: tf.Tensor) => tf.Tensor, ...values: number[]): number[] {
  return tf.tidy(() => {
    const x = tf.tensor1d(values);
    return Array.from(grad(() => tf.sum(f(x)), [x])[0]!.dataSync());
  });
}

describe('at a tie or a kink', () => {
  it('abs has slope -1 at 0', () => expect(slopes(tf.abs, 0)).toEqual([-1]));
  it('relu, relu6 and leaky relu have the slope of the left piece at 0', () => {
    expect(slopes(tf.relu, 0)).toEqual([0]);
    expect(slopes(tf.relu6, 0)).toEqual([0]);
    expect(slopes((x) => tf.leakyRelu(x, 0.5), 0)).toEqual([0.5]);
  });
  it('relu6 has slope 0 at 6', () => expect(slopes(tf.relu6, 6)).toEqual([0]));
  it('elu has slope 1 at 0', () => expect(slopes(tf.elu, 0)).toEqual([1]));
  it('clip has slope 1 at its bounds', () => expect(slopes((x) => tf.clipByValue(x, -1, 1), -1, 1)).toEqual([1, 1]));
  it('maximum and minimum give the gradient to the first operand', () => {
    expect(slopes((x) => tf.maximum(x, 1), 1)).toEqual([1]);
    expect(slopes((x) => tf.maximum(1, x), 1)).toEqual([0]);
    expect(slopes((x) => tf.minimum(x, 1), 1)).toEqual([1]);
    expect(slopes((x) => tf.minimum(1, x), 1)).toEqual([0]);
  });
  it('max and min give every extreme element the whole gradient', () => {
    expect(slopes((x) => tf.max(x), 3, 1, 3)).toEqual([1, 0, 1]);
    expect(slopes((x) => tf.min(x), 3, 1, 1)).toEqual([0, 1, 1]);
  });
});

describe('where a formula would divide by zero', () => {
  it('an exponent of 0 or 1 gives a finite gradient at base 0', () => {
    expect(slopes((x) => tf.pow(x, 0), 0)).toEqual([0]);
    expect(slopes((x) => tf.pow(x, 1), 0)).toEqual([1]);
  });
  it('a base that is not positive gives no gradient to the exponent', () => {
    expect(slopes((x) => tf.pow(tf.tensor1d([0, -2]), x), 2, 3)).toEqual([0, -0]);
  });
  it('where gives an exact 0 to the branch not taken, also if its gradient is infinite', () => {
    expect(slopes((x) => tf.where(tf.greater(x, 0), tf.log(x), tf.zerosLike(x)), 1, -1)).toEqual([1, -0]);
  });
});
