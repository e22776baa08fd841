import { attach, type Module, type Plugin } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import * as tf from '@tensorflow/tfjs-core';
import { learningRate, type Training } from './usage.ts';

export type Plugins = readonly (Plugin | readonly Plugin[])[];

interface Data {
  readonly inputs: tf.Tensor;
  readonly targets: tf.Tensor;
}

/** A model at work with plugins and AdamW; it owns model and data. */
export function trainWith(
  model: Module<never, tf.Tensor>,
  { inputs, targets }: Data,
  plugins: Plugins,
  { derivedSlots = true }: { readonly derivedSlots?: boolean } = {},
): Training {
  const optimizer = adamw({ learningRate });
  let lossKnown = () => {};
  const stack = attach(model, plugins, {
    derivedSlots,
    optimizer,
    loss(logits, batch) {
      const loss = crossEntropy(logits, batch.targets as tf.Tensor);
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

/** Trains what the patterns name, and nothing else of the model. */
export function only(model: Module<never, tf.Tensor>, ...trained: readonly string[]): Plugins {
  model.freeze('**');
  for (const pattern of trained) model.unfreeze(pattern);
  return [];
}
