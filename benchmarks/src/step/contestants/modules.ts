import { softmaxCrossEntropy, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { peakBytes } from '../../buffer-meter.ts';
import { startOwn } from '../backends/own.ts';
import { collect, compete } from '../contestant.ts';
import { moduleOf } from '../networks/modules.ts';

// The same network as the others', put together from @tapgrad/nn; no plugin.
compete(async (task, backend) => {
  await startOwn(backend);
  const model = moduleOf(task);
  const given = Object.entries(task.weights).map(
    ([name, { shape, data }]) => [name, tf.tensor(data, [...shape])] as const,
  );
  // Running statistics, which some networks have besides, stay as they are.
  model.loadState(new Map(given), { strict: false });
  for (const [, value] of given) value.dispose();
  const inputs = tf.tensor(task.inputs, [...task.inputShape]);
  const labels = tf.tensor1d(task.labels, 'int32');
  const loss = () => tf.mean(softmaxCrossEntropy(model.call(inputs), labels)) as tf.Scalar;
  const compute = () => {
    const trained = [...model.namedParameters()].filter(([, parameter]) => parameter.trainable);
    return valueAndGrad(loss, Object.fromEntries(trained.map(([name, parameter]) => [name, parameter.variable])));
  };
  const step = async () => {
    const { value, gradients } = compute();
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
    step,
    async memory() {
      const resident = [...model.state().values(), inputs, labels];
      const full = await peakBytes(resident, step);
      model.freeze('**').unfreeze('head.*');
      const headOnlyPeak = (await peakBytes(resident, step)).peak;
      model.unfreeze('**');
      return { ...full, headOnlyPeak };
    },
  };
});
