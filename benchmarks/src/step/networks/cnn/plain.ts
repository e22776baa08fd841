import * as tf from '@tensorflow/tfjs-core';
import type { PlainLoss, PlainWeights } from '../plain.ts';
import type { CnnSizes } from './task.ts';

// As in the transformer beside it: what a good user of plain tfjs writes.

/** Cross-entropy of one batch by the residual network. `inputs` `[batch, pixels, pixels, 3]`, `labels` `[batch]` int32. */
export function plainCnn({ channels, classes, epsilon }: CnnSizes): PlainLoss {
  function conv(x: tf.Tensor, weights: PlainWeights, name: string, stride: number, pad: number): tf.Tensor {
    return tf.conv2d(x as tf.Tensor4D, weights[`${name}.weight`] as tf.Tensor4D, stride, pad);
  }

  function norm(x: tf.Tensor, weights: PlainWeights, name: string): tf.Tensor {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const [scale, offset] = [weights[`${name}.weight`], weights[`${name}.bias`]];
    return tf.batchNorm(
      x,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
      epsilon,
    );
  }

  function block(x: tf.Tensor, weights: PlainWeights, stage: number): tf.Tensor {
    const name = `stages.${stage}`;
    const stride = stage === 0 ? 1 : 2;
    return tf.tidy(() => {
      const first = tf.relu(norm(conv(x, weights, `${name}.conv1`, stride, 1), weights, `${name}.bn1`));
      const second = norm(conv(first, weights, `${name}.conv2`, 1, 1), weights, `${name}.bn2`);
      const residual =
        stage === 0 ? x : norm(conv(x, weights, `${name}.downsample.0`, stride, 0), weights, `${name}.downsample.1`);
      return tf.relu(tf.add(second, residual));
    });
  }

  return (weights, inputs, labels) =>
    tf.tidy(() => {
      let x = tf.relu(norm(conv(inputs, weights, 'stem', 1, 1), weights, 'norm'));
      for (let stage = 0; stage < channels.length; stage++) x = block(x, weights, stage);
      const logits = tf.add(tf.matMul(tf.mean(x, [1, 2]), weights['head.weight']!), weights['head.bias']!);
      return tf.losses.softmaxCrossEntropy(tf.oneHot(labels as tf.Tensor1D, classes), logits) as tf.Scalar;
    });
}
