import * as tf from '@tensorflow/tfjs-core';
// Plain tfjs registers no gradient in Node; the bundler takes these from the package's ES modules.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { peakBytes } from '../../buffer-meter.ts';
import { startStock } from '../backends/stock.ts';
import { collect, compete } from '../contestant.ts';
import { plainLossOf } from '../networks/plain.ts';

compete(async (task, backend) => {
  await startStock(backend);
  const weights = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [
      name,
      tf.variable(tf.tensor(data, [...shape]), true, name),
    ]),
  );
  const variables = Object.values(weights);
  const inputs = tf.tensor(task.inputs, [...task.inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const plainLoss = plainLossOf(task);
  const loss = () => plainLoss(weights, inputs, labels);
  const run = () => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose(grads);
    return value;
  };
  const step = async () => {
    const value = run();
    await value.data();
    value.dispose();
  };
  return {
    async gradients() {
      const { value, grads } = tf.variableGrads(loss, variables);
      const result = {
        loss: (await value.data())[0]!,
        gradients: await collect(task, (name) => grads[name]!.data()),
      };
      tf.dispose([value, grads]);
      return result;
    },
    step,
    memory: async () => peakBytes([...variables, inputs, labels], step),
  };
});
