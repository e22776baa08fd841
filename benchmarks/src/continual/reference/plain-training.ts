import * as tf from '@tensorflow/tfjs-core';
import { mulberry32, PlainReservoir } from './plain-reservoir.ts';
import type { PlainResult, PlainTask, PlainTensor } from './plain-task.ts';

type Weights = Readonly<Record<string, tf.Variable>>;

/** Finetuning or experience replay as one writes it in TensorFlow.js: nothing of tapgrad runs here. */
export function trainPlainly(task: PlainTask): PlainResult {
  const weights: Weights = Object.fromEntries(
    Object.entries(task.weights).map(([name, values]) => [
      name,
      tf.tidy(() => tf.variable(upload(values), true, name)),
    ]),
  );
  const images = upload(task.train) as tf.Tensor2D;
  const optimizer = tf.train.sgd(task.learningRate);
  const { replay } = task;
  const memory =
    replay && 'capacity' in replay ? new PlainReservoir(replay.capacity, mulberry32(replay.seed)) : undefined;
  const losses: number[] = [];
  const matrix: number[][] = [];
  task.order.forEach((updates, taskIndex) => {
    updates.forEach((own, update) => {
      const replayed = memory
        ? memory.draw((replay as { draw: number }).draw)
        : replay && 'drawn' in replay
          ? [...replay.drawn[taskIndex]![update]!]
          : [];
      losses.push(updateOnce(weights, optimizer, images, task.trainLabels, [...own, ...replayed]));
      for (const image of own) memory?.add(image);
    });
    matrix.push(task.test.map(({ images: judged, labels }) => accuracyOf(weights, judged, labels)));
  });
  optimizer.dispose();
  tf.dispose([images, ...Object.values(weights)]);
  return { losses, matrix };
}

/** One step of SGD on some rows of the images; the loss before it. */
function updateOnce(
  weights: Weights,
  optimizer: tf.Optimizer,
  images: tf.Tensor2D,
  labels: Int32Array,
  rows: readonly number[],
): number {
  return tf.tidy(() => {
    const inputs = tf.gather(images, tf.tensor1d([...rows], 'int32'));
    const [classes] = weights['head.bias']!.shape as [number];
    const targets = tf.oneHot(
      tf.tensor1d(
        Int32Array.from(rows, (row) => labels[row]!),
        'int32',
      ),
      classes,
    );
    const { value, grads } = tf.variableGrads(
      () => tf.losses.softmaxCrossEntropy(targets, logits(weights, inputs)) as tf.Scalar,
      Object.values(weights),
    );
    optimizer.applyGradients(grads);
    return value.dataSync()[0]!;
  });
}

function logits(weights: Weights, inputs: tf.Tensor): tf.Tensor {
  const layer = (x: tf.Tensor, name: string) =>
    tf.add(tf.matMul(x as tf.Tensor2D, weights[`${name}.weight`] as tf.Tensor2D), weights[`${name}.bias`]!);
  return layer(tf.relu(layer(tf.relu(layer(inputs, 'first')), 'second')), 'head');
}

function accuracyOf(weights: Weights, images: PlainTensor, labels: Int32Array): number {
  return tf.tidy(() => {
    const answers = tf.argMax(logits(weights, upload(images)), -1).dataSync();
    return labels.reduce((hits, label, row) => hits + Number(answers[row] === label), 0) / labels.length;
  });
}

function upload({ shape, data }: PlainTensor): tf.Tensor {
  return tf.tensor(data, [...shape]);
}
