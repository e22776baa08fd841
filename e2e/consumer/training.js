// What a consumer writes with a plugin of its own: runs in Node and in a page, on whichever backend is set.
import { attach, definePlugin, linear, Module, Parameter } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';

class Regression extends Module {
  weight = new Parameter(tf.tensor2d([[0.1], [0.3]]));
  bias = new Parameter(tf.tensor1d([-0.2]));

  forward(x) {
    return linear(x, this.weight.read(), this.bias.read());
  }
}

/** Counts what passes the model's output and halves every gradient. */
const halfGradients = definePlugin({
  name: 'half-gradients',
  apply({ hooks }) {
    halfGradients.forward = 0;
    halfGradients.backward = 0;
    hooks.tap(':output').forward(() => void halfGradients.forward++);
    hooks.tap(':output').backward(() => void halfGradients.backward++);
    hooks.gradients.step.tap((all) => new Map([...all].map(([name, gradient]) => [name, tf.mul(gradient, 0.5)])));
  },
});

const descent = {
  learningRate: 0.1,
  step(parameters, gradients) {
    for (const [name, parameter] of parameters) {
      tf.tidy(() => parameter.assign(tf.sub(parameter.variable, tf.mul(gradients.get(name), this.learningRate))));
    }
  },
  state: () => new Map(),
  counters: () => ({}),
  loadState() {},
  dispose() {},
};

/** One step of a linear regression with the plugin attached, as plain numbers. */
export async function oneStepWithAPlugin() {
  const tensorsBefore = tf.memory().numTensors;
  const model = new Regression();
  const inputs = tf.tensor2d([
    [0.5, -1],
    [2, 0.25],
  ]);
  const targets = tf.tensor2d([[1], [-1]]);
  const loss = (outputs, batch) => tf.mean(tf.square(tf.sub(outputs, batch.targets)));
  const stack = attach(model, [halfGradients()], { loss, optimizer: descent });
  const step = await stack.step({ inputs, targets });
  const result = {
    backend: tf.getBackend(),
    loss: await step.loss,
    weight: [...(await model.weight.variable.data())],
    bias: [...(await model.bias.variable.data())],
    plugins: stack.plugins,
    taps: [halfGradients.forward, halfGradients.backward],
  };
  stack.detach();
  model.dispose();
  tf.dispose([inputs, targets]);
  return { ...result, tensorsLeft: tf.memory().numTensors - tensorsBefore };
}
