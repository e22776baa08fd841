import * as tf from '@tensorflow/tfjs-core';

/** Forward ops in the chain. */
export const length = 301;

export interface Chain {
  readonly parameters: { readonly scale: tf.Variable; readonly shift: tf.Variable };
  readonly loss: () => tf.Scalar;
}

// Four numbers: the kernel's own work is nothing, what is left is what the host spends an op.
export const makeChain = (): Chain => {
  const scale = tf.variable(tf.tensor1d([0.99, 1.01, 0.98, 1.02]), true, 'scale') as tf.Variable;
  const shift = tf.variable(tf.tensor1d([0.01, -0.01, 0.02, -0.02]), true, 'shift') as tf.Variable;
  const loss = (): tf.Scalar =>
    tf.tidy(() => {
      let x: tf.Tensor = scale;
      for (let index = 0; index < (length - 1) / 3; index++) x = tf.add(tf.tanh(tf.mul(x, scale)), shift);
      return tf.sum(x);
    });
  return { parameters: { scale, shift }, loss };
};
