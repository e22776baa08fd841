import { valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { peakBytes } from '../../buffer-meter.ts';
import { startOwn } from '../backends/own.ts';
import { collect, compete } from '../contestant.ts';
import { plainLossOf } from '../networks/plain.ts';

// The function that plain tfjs runs, not one character of it changed, on tapgrad's tape and kernels.
compete(async (task, backend) => {
  await startOwn(backend);
  const weights: Record<string, tf.Tensor> = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [
      name,
      tf.variable(tf.tensor(data, [...shape]), true, name),
    ]),
  );
  const inputs = tf.tensor(task.inputs, [...task.inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const plainLoss = plainLossOf(task);
  const compute = (trained = weights) => valueAndGrad(() => plainLoss(weights, inputs, labels), trained);
  const step = async (trained?: Record<string, tf.Tensor>) => {
    const { value, gradients } = compute(trained);
    tf.dispose(gradients);
    await value.data();
    value.dispose();
  };
  return {
    async gradients() {
      const { value, gradients } = compute();
      const result = {
        loss: (await value.data())[0]!,
        gradients: await collect(task, (name) => gradients[name]!.data()),
      };
      tf.dispose([value, gradients]);
      return result;
    },
    step: () => step(),
    async memory() {
      const resident = [...Object.values(weights), inputs, labels];
      const head = { 'head.weight': weights['head.weight']!, 'head.bias': weights['head.bias']! };
      const full = await peakBytes(resident, step);
      return { ...full, headOnlyPeak: (await peakBytes(resident, () => step(head))).peak };
    },
  };
});
