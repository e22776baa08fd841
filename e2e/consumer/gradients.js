// What a consumer writes: runs in Node and in a page, on whichever backend is set.
import { valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';

/** The loss and gradients of sum(tanh(x w + b)^2) at fixed values, as plain numbers. */
export async function gradientsOfASmallNetwork() {
  const x = tf.tensor2d([
    [0.5, -1],
    [2, 0.25],
  ]);
  const w = tf.tensor2d([[0.1], [0.3]]);
  const b = tf.tensor1d([-0.2]);
  const { value, gradients } = valueAndGrad(() => tf.sum(tf.square(tf.tanh(tf.add(tf.matMul(x, w), b)))), { w, b });
  const result = {
    backend: tf.getBackend(),
    value: (await value.data())[0],
    w: [...(await gradients.w.data())],
    b: [...(await gradients.b.data())],
  };
  tf.dispose([x, w, b, value, gradients]);
  return { ...result, tensorsLeft: tf.memory().numTensors };
}
