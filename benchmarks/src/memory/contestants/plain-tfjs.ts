import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { BufferMeter } from '../../buffer-meter.ts';
import { serve } from '../../serve.ts';
import { plainTransformer } from '../../step/networks/transformer/plain.ts';
import { transformerTask } from '../../step/networks/transformer/task.ts';
import { learningRate, measure, type Training } from '../usage.ts';

await tf.setBackend('wasm');
const meter = new BufferMeter();
meter.open();
const task = transformerTask(1);
const plainLoss = plainTransformer(task.sizes);

function train(trains: (name: string) => boolean): Training {
  const weights = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [
      name,
      tf.tidy(() => tf.variable(tf.tensor(data, [...shape]))),
    ]),
  );
  const inputs = tf.tensor(task.inputs, [...task.inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const trained = Object.keys(weights)
    .filter(trains)
    .map((name) => weights[name]!);
  const optimizer = tf.train.adam(learningRate);
  return {
    trainableParameters: trained.reduce((total, { size }) => total + size, 0),
    step(lossKnown) {
      const { value, grads } = optimizer.computeGradients(() => {
        const loss = plainLoss(weights, inputs, labels);
        lossKnown();
        return loss;
      }, trained);
      optimizer.applyGradients(grads as Parameters<typeof optimizer.applyGradients>[0]);
      tf.dispose([value, grads]);
    },
    dispose() {
      optimizer.dispose();
      tf.dispose([weights, inputs, labels]);
    },
  };
}

serve({
  full: (steps: number) =>
    measure(
      train(() => true),
      meter,
      steps,
    ),
  head: (steps: number) =>
    measure(
      train((name) => name.startsWith('head.')),
      meter,
      steps,
    ),
});
