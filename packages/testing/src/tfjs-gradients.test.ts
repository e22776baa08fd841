import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from './random.ts';

// With it, tfjs takes what its own customGrad saves for a leak.
tf.env().set('IS_TEST', false);
tf.env().set('PROD', true);

const made: LayersModel[] = [];
afterAll(() => {
  for (const model of made) model.dispose();
});

function values(name: string, shape: number[]): tf.Tensor {
  const random = seededRandom(name);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tf.tensor(
    Array.from({ length: size }, () => random.uniform(-1, 1)),
    shape,
  );
}

/** A model with seeded weights, and the trainable variables inside it. */
function seeded(model: LayersModel): { model: LayersModel; variables: Record<string, tf.Variable> } {
  made.push(model);
  tf.tidy(() => model.setWeights(model.getWeights().map((weight, i) => values(`weight/${i}`, weight.shape))));
  const inner = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  return { model, variables: Object.fromEntries(inner.map((variable) => [variable.name, variable])) };
}

/** The largest difference between the tape's gradients and tf.variableGrads, of one and the same function. */
function difference({ model, variables }: ReturnType<typeof seeded>, inputShape: number[], classes: number): number {
  return tf.tidy(() => {
    const x = values('input', inputShape);
    const labels = tf.oneHot(tf.range(0, inputShape[0]!, 1, 'int32'), classes);
    const loss = (): tf.Scalar =>
      tf.losses.softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor);
    const expected = tf.variableGrads(loss, Object.values(variables));
    const { value, gradients } = valueAndGrad(loss, variables);
    expect(value.dataSync()[0]).toBe(expected.value.dataSync()[0]);
    const differences = Object.entries(variables).map(([name]) => {
      const gap = tf.max(tf.abs(tf.sub(gradients[name]!, expected.grads[name]!)));
      return gap.dataSync()[0]!;
    });
    expect(differences.length).toBeGreaterThan(1);
    return Math.max(...differences);
  });
}

describe('gradients equal those of tf.variableGrads on tf.layers models', () => {
  it.each([
    'relu',
    'relu6',
    'elu',
    'selu',
    'sigmoid',
    'hardSigmoid',
    'softplus',
    'softsign',
    'tanh',
    'softmax',
  ] as const)('dense layers with %s', (activation) => {
    const model = sequential();
    model.add(layers.dense({ units: 6, inputShape: [5], activation }));
    model.add(layers.dense({ units: 3 }));
    expect(difference(seeded(model), [2, 5], 3)).toBeLessThan(1e-12);
  });

  it('recurrent layers', () => {
    const model = sequential();
    // The default initializer uses chained ops, which Node lacks.
    const recurrentInitializer = 'glorotNormal';
    model.add(layers.lstm({ units: 4, inputShape: [3, 2], returnSequences: true, recurrentInitializer }));
    model.add(layers.gru({ units: 3, recurrentInitializer }));
    expect(difference(seeded(model), [2, 3, 2], 3)).toBeLessThan(1e-12);
  });

  it('layer normalization, prelu and pooling over time', () => {
    const model = sequential();
    model.add(layers.dense({ units: 4, inputShape: [6, 3] }));
    model.add(layers.layerNormalization());
    model.add(layers.prelu());
    model.add(layers.globalAveragePooling1d());
    expect(difference(seeded(model), [3, 6, 3], 4)).toBeLessThan(1e-12);
  });

  it('convolution, batch normalization and max pooling', () => {
    const model = sequential();
    model.add(layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 2], activation: 'relu' }));
    model.add(layers.batchNormalization());
    model.add(layers.depthwiseConv2d({ kernelSize: 2, activation: 'tanh' }));
    model.add(layers.maxPooling2d({ poolSize: 2 }));
    model.add(layers.flatten());
    model.add(layers.dense({ units: 3 }));
    expect(difference(seeded(model), [2, 8, 8, 2], 3)).toBeLessThan(1e-12);
  });
});
