import * as tf from '@tensorflow/tfjs-core';
import type { PlainLoss, PlainWeights } from '../plain.ts';
import type { TransformerSizes } from './task.ts';

// Written as a good user of plain tfjs writes it: functional ops, one `tidy` a block, matmuls on flattened rows.
// It is run unchanged by plain tfjs and through tapgrad's tape.

/** Cross-entropy of one batch by the encoder. `inputs` `[batch, tokens, width]`, `labels` `[batch]` int32. */
export function plainTransformer({
  width,
  heads,
  layers,
  batch,
  tokens,
  classes,
  epsilon,
}: TransformerSizes): PlainLoss {
  function norm(x: tf.Tensor, weights: PlainWeights, name: string): tf.Tensor {
    const { mean, variance } = tf.moments(x, -1, true);
    const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(normal, weights[`${name}.weight`]!), weights[`${name}.bias`]!);
  }

  function linear(rows: tf.Tensor, weights: PlainWeights, name: string): tf.Tensor {
    return tf.add(tf.matMul(rows, weights[`${name}.weight`]!), weights[`${name}.bias`]!);
  }

  function gelu(x: tf.Tensor): tf.Tensor {
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1));
  }

  function attention(rows: tf.Tensor, weights: PlainWeights, name: string): tf.Tensor {
    const split = tf.reshape(linear(rows, weights, `${name}.attention.qkv`), [batch, tokens, 3, heads, width / heads]);
    const [query, key, value] = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]));
    const scores = tf.mul(tf.matMul(query!, key!, false, true), (width / heads) ** -0.5);
    const context = tf.matMul(tf.softmax(scores), value!);
    return linear(
      tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [batch * tokens, width]),
      weights,
      `${name}.attention.output`,
    );
  }

  function block(rows: tf.Tensor, weights: PlainWeights, name: string): tf.Tensor {
    return tf.tidy(() => {
      const attended = tf.add(rows, attention(norm(rows, weights, `${name}.norm1`), weights, name));
      const hidden = gelu(linear(norm(attended, weights, `${name}.norm2`), weights, `${name}.mlp.up`));
      return tf.add(attended, linear(hidden, weights, `${name}.mlp.down`));
    });
  }

  return (weights, inputs, labels) =>
    tf.tidy(() => {
      let rows: tf.Tensor = tf.reshape(tf.add(inputs, weights.position!), [batch * tokens, width]);
      for (let layer = 0; layer < layers; layer++) rows = block(rows, weights, `layers.${layer}`);
      const pooled = tf.mean(tf.reshape(norm(rows, weights, 'norm'), [batch, tokens, width]), 1);
      const logits = linear(pooled, weights, 'head');
      return tf.losses.softmaxCrossEntropy(tf.oneHot(labels as tf.Tensor1D, classes), logits) as tf.Scalar;
    });
}
