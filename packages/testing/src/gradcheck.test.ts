import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { expectNoLeak, gradcheck, gradgradcheck, leakOf } from './index.ts';

const x = tf.tensor2d([0.3, -1.2, 0.8, 2], [2, 2]);
const y = tf.tensor2d([1, 0.5, -0.7, 0.2], [2, 2]);
const index = tf.tensor1d([1, 0], 'int32');
afterAll(() => tf.dispose([x, y, index]));

type Save = (tensors: tf.Tensor[]) => void;

/** Identity with twice the gradient it should have. */
function wrongGradient(input: tf.Tensor): tf.Tensor {
  return tf.customGrad((x) => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, 2),
  }))(input);
}

/** Sine with the right gradient, made so that it does not depend on x. */
function constantGradient(input: tf.Tensor): tf.Tensor {
  return tf.customGrad((x, save) => {
    (save as Save)([tf.cos(x as tf.Tensor)]);
    return {
      value: tf.sin(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0] as tf.Tensor),
    };
  })(input);
}

describe('gradcheck', () => {
  it('accepts right gradients of several inputs and outputs', () => {
    gradcheck((a, b) => [tf.mul(a, tf.sin(b)), tf.matMul(a, b)], [x, y]);
  });

  it('refuses a wrong gradient, naming input and element', () => {
    expect(() => gradcheck((a) => wrongGradient(a), [x])).toThrow(/GRADCHECK_FAILED.*input 0.*element 0/);
  });

  it('takes integer inputs and those marked as constant', () => {
    gradcheck((a, b, i) => tf.mul(tf.mul(a, wrongGradient(b)), tf.cast(i, 'float32')), [x, y, index], {
      differentiable: [true, false, false],
    });
  });

  it('treats a function that does not depend on its input as having gradient zero', () => {
    gradcheck((a) => tf.onesLike(a), [x]);
  });

  it('leaves no buffer', () => {
    expect(leakOf(() => gradcheck((a) => tf.exp(a), [x]))).toEqual({ tensors: 0, buffers: 0 });
    expect(leakOf(() => gradgradcheck((a) => tf.exp(a), [x]))).toEqual({ tensors: 0, buffers: 0 });
  });
});

describe('gradgradcheck', () => {
  it('accepts right second derivatives', () => gradgradcheck((a, b) => tf.pow(tf.exp(a), b), [x, y]));

  it('refuses a gradient that forgets its own dependence on the input', () => {
    gradcheck((a) => constantGradient(a), [x]);
    expect(() => gradgradcheck((a) => constantGradient(a), [x])).toThrow(/GRADCHECK_FAILED/);
  });
});

describe('expectNoLeak', () => {
  it('counts what is left behind, and waits for a promise', async () => {
    expectNoLeak(() => tf.square(x).dispose());
    let left: tf.Tensor | undefined;
    expect(() => expectNoLeak(() => void (left = tf.square(x)))).toThrow(/LEAK: 1 tensors and 1 buffers/);
    left?.dispose();
    await expectNoLeak(async () => {
      const squared = tf.square(x);
      await squared.data();
      squared.dispose();
    });
  });
});
