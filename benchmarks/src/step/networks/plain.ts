import type * as tf from '@tensorflow/tfjs-core';
import { plainCnn } from './cnn/plain.ts';
import type { NetworkTask } from './task.ts';
import { plainTransformer } from './transformer/plain.ts';

export type PlainWeights = Readonly<Record<string, tf.Tensor>>;

/** The loss of one batch. `labels` `[batch]` int32. */
export type PlainLoss = (weights: PlainWeights, inputs: tf.Tensor, labels: tf.Tensor) => tf.Scalar;

/** The loss of a task's network in plain tfjs. */
export function plainLossOf(task: NetworkTask): PlainLoss {
  return task.network === 'cnn' ? plainCnn(task.sizes) : plainTransformer(task.sizes);
}
