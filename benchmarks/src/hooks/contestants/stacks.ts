import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Optimizer, softmaxCrossEntropy, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { processClock, serve, times } from '../../serve.ts';
import { inputShape } from '../../step/contestant.ts';
import { Encoder } from '../../step/encoder.ts';
import { makeTask } from '../../step/network.ts';
import { observer } from '../observer.ts';

await useWasm();
const task = makeTask(1);
const inputs = tf.tensor(task.inputs, [...inputShape]);
const targets = tf.tensor1d(task.labels, 'int32');
const loss = (logits: tf.Tensor) => tf.mean(softmaxCrossEntropy(logits, targets)) as tf.Scalar;

// An update costs all three the same; without one, what hooks cost shows best.
const noUpdate: Optimizer = {
  learningRate: 0,
  step() {},
  state: () => new Map(),
  counters: () => ({}),
  loadState() {},
  dispose() {},
};
const stackOf = (observers: number) =>
  attach(
    new Encoder(),
    Array.from({ length: observers }, (_, index) => observer(index)),
    { loss, optimizer: noUpdate },
  );
const bare = new Encoder();
const parameters = Object.fromEntries([...bare.namedParameters()].map(([name, { variable }]) => [name, variable]));
const none = stackOf(0);
const five = stackOf(5);

const bareStep = () => {
  const { value, gradients } = valueAndGrad(() => loss(bare.call(inputs)), parameters);
  tf.dispose([value, gradients]);
};
const stackStep = async (stack: typeof none) => (await stack.step({ inputs, targets })).loss;

serve({
  bare: (count: number) => times(count, bareStep, processClock),
  none: (count: number) => times(count, () => stackStep(none), processClock),
  five: (count: number) => times(count, () => stackStep(five), processClock),
});
