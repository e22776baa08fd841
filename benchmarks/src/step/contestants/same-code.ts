import { useWasm } from '@tapgrad/backend-wasm';
import { valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { peakBytes } from '../../buffer-meter.ts';
import { collect, compete, inputShape } from '../contestant.ts';
import { plainLoss } from '../plain-network.ts';

// The function that plain tfjs runs, not one character of it changed, on tapgrad's tape and kernels.
compete(async (task) => {
  await useWasm();
  const weights = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [
      name,
      tf.variable(tf.tensor(data, [...shape]), true, name),
    ]),
  );
  const inputs = tf.tensor(task.inputs, [...inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const compute = (trained: Record<string, tf.Tensor> = weights) =>
    valueAndGrad(() => plainLoss(weights, inputs, labels), trained);
  const step = (trained?: Record<string, tf.Tensor>) => {
    const { value, gradients } = compute(trained);
    tf.dispose([value, gradients]);
  };
  return {
    gradients() {
      const { value, gradients } = compute();
      const result = {
        loss: value.dataSync()[0]!,
        gradients: collect(task, (name) => gradients[name]!.dataSync() as Float32Array),
      };
      tf.dispose([value, gradients]);
      return result;
    },
    step() {
      step();
    },
    memory() {
      const resident = [...Object.values(weights), inputs, labels];
      const head = { 'head.weight': weights['head.weight']!, 'head.bias': weights['head.bias']! };
      return { ...peakBytes(resident, step), headOnlyPeak: peakBytes(resident, () => step(head)).peak };
    },
  };
});
