import * as tf from '@tensorflow/tfjs-core';
// Plain tfjs registers no gradient in Node; the bundler takes these from the package's ES modules.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-wasm';
import { peakBytes } from '../../buffer-meter.ts';
import { collect, compete, inputShape } from '../contestant.ts';
import { plainLoss } from '../plain-network.ts';

compete(async (task) => {
  await tf.setBackend('wasm');
  const weights = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [
      name,
      tf.variable(tf.tensor(data, [...shape]), true, name),
    ]),
  );
  const variables = Object.values(weights);
  const inputs = tf.tensor(task.inputs, [...inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const loss = () => plainLoss(weights, inputs, labels);
  const run = () => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose([value, grads]);
  };
  return {
    gradients() {
      const { value, grads } = tf.variableGrads(loss, variables);
      const result = {
        loss: value.dataSync()[0]!,
        gradients: collect(task, (name) => grads[name]!.dataSync() as Float32Array),
      };
      tf.dispose([value, grads]);
      return result;
    },
    step() {
      run();
    },
    memory() {
      return peakBytes([...variables, inputs, labels], run);
    },
  };
});
