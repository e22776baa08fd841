import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Plugin } from '@tapgrad/core';
import { ladder } from '@tapgrad/ladder';
import { crossEntropy } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import * as tf from '@tensorflow/tfjs-core';
import { BufferMeter } from '../../buffer-meter.ts';
import { serve } from '../../serve.ts';
import { inputShape } from '../../step/contestant.ts';
import { Encoder } from '../../step/encoder.ts';
import { makeTask, network } from '../../step/network.ts';
import { learningRate, measure, type Training } from '../usage.ts';

await useWasm();
const meter = new BufferMeter();
meter.open();
const task = makeTask(1);

function train(prepare: (model: Encoder) => Plugin[], derivedSlots = true): Training {
  const model = new Encoder();
  const inputs = tf.tensor(task.inputs, [...inputShape]);
  const targets = tf.tensor1d(task.labels, 'int32');
  const optimizer = adamw({ learningRate });
  let lossKnown = () => {};
  const stack = attach(model, prepare(model), {
    derivedSlots,
    optimizer,
    loss(logits, batch) {
      const loss = crossEntropy(logits as tf.Tensor, batch.targets as tf.Tensor);
      lossKnown();
      return loss;
    },
  });
  return {
    trainableParameters: [...stack.trainableParameters().values()].reduce((total, { size }) => total + size, 0),
    async step(known) {
      lossKnown = known;
      await (await stack.step({ inputs, targets })).loss;
    },
    dispose() {
      stack.detach();
      model.dispose();
      optimizer.dispose();
      tf.dispose([inputs, targets]);
    },
  };
}

const none = (model: Encoder, trained: readonly string[]): Plugin[] => {
  model.freeze('**');
  for (const pattern of trained) model.unfreeze(pattern);
  return [];
};
const methods: Readonly<Record<string, () => Training>> = {
  full: () => train(() => []),
  plainSlots: () => train(() => [], false),
  bias: () => train((model) => none(model, ['**.bias', 'head.*'])),
  head: () => train((model) => none(model, ['head.*'])),
  ladder: () =>
    train(() => [ladder({ blocks: 'layers.*', reduction: 8, init: 'random', head: { classes: network.classes } })]),
};

serve(
  Object.fromEntries(
    Object.entries(methods).map(([name, make]) => [name, (steps: number) => measure(make(), meter, steps)]),
  ),
);
