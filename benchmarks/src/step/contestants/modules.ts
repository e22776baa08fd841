import { useWasm } from '@tapgrad/backend-wasm';
import { softmaxCrossEntropy, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { peakBytes } from '../../buffer-meter.ts';
import { collect, compete, inputShape } from '../contestant.ts';
import { Encoder } from '../encoder.ts';

// The same network as the others', put together from @tapgrad/nn; no plugin.
compete(async (task) => {
  await useWasm();
  const model = new Encoder();
  const state = new Map(
    Object.entries(task.weights).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  );
  model.loadState(state);
  for (const value of state.values()) value.dispose();
  const inputs = tf.tensor(task.inputs, [...inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const loss = () => tf.mean(softmaxCrossEntropy(model.call(inputs), labels)) as tf.Scalar;
  const compute = () => {
    const trained = [...model.namedParameters()].filter(([, parameter]) => parameter.trainable);
    return valueAndGrad(loss, Object.fromEntries(trained.map(([name, parameter]) => [name, parameter.variable])));
  };
  const step = () => {
    const { value, gradients } = compute();
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
    step,
    memory() {
      const resident = [...model.state().values(), inputs, labels];
      const full = peakBytes(resident, step);
      model.freeze('**').unfreeze('head.*');
      const headOnlyPeak = peakBytes(resident, step).peak;
      model.unfreeze('**');
      return { ...full, headOnlyPeak };
    },
  };
});
