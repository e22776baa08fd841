import '@tensorflow/tfjs-core/dist/register_all_gradients';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { valueAndGrad } from './gradients.ts';
import '../rules/index.ts';

type Layer = InstanceType<typeof layers.Layer>;

interface Case {
  readonly name: string;
  readonly inputShape: number[];
  readonly build: () => Layer[];
  readonly batch?: number;
  /** Inputs are integers below this, for embeddings. */
  readonly vocabulary?: number;
}

let seed = 0;
const kernelInitializer = () => initializers.randomNormal({ stddev: 0.4, seed: ++seed });
const start = () => ({ kernelInitializer: kernelInitializer(), biasInitializer: kernelInitializer() });
const conv = (filters: number) => ({ filters, kernelSize: 3, ...start() });
const depthwise = () => ({ depthwiseInitializer: kernelInitializer(), biasInitializer: kernelInitializer() });
const recurrent = (units: number) => ({ units, recurrentInitializer: kernelInitializer(), ...start() });

const cases: readonly Case[] = [
  {
    name: 'dense layers with every activation',
    inputShape: [4],
    build: () => [
      ...(['relu', 'elu', 'selu', 'sigmoid', 'tanh', 'softplus', 'softsign', 'swish', 'gelu', 'mish'] as const).map(
        (activation) => layers.dense({ units: 5, activation, ...start() }),
      ),
      layers.dense({ units: 3, activation: 'softmax', ...start() }),
    ],
  },
  {
    name: 'convolution, batch normalisation, max pooling',
    inputShape: [6, 6, 2],
    build: () => [
      layers.conv2d({ ...conv(4), padding: 'same', strides: 2 }),
      layers.batchNormalization({ gammaInitializer: kernelInitializer(), betaInitializer: kernelInitializer() }),
      layers.reLU(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 3, ...start() }),
    ],
  },
  {
    name: 'depthwise, separable and transposed convolutions, global pooling',
    inputShape: [5, 5, 2],
    build: () => [
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', ...depthwise() }),
      layers.leakyReLU({ alpha: 0.1 }),
      layers.separableConv2d({ filters: 3, kernelSize: 3, pointwiseInitializer: kernelInitializer(), ...depthwise() }),
      layers.conv2dTranspose({ ...conv(2), strides: 2, padding: 'same' }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.globalAveragePooling2d({}),
    ],
  },
  {
    name: 'upsampling, padding, cropping',
    inputShape: [3, 4, 2],
    // tfjs's gradient of nearest-neighbour resizing reads the wrong sample of a batch.
    batch: 1,
    build: () => [
      layers.conv2d({ ...conv(2), padding: 'same', activation: 'tanh' }),
      layers.upSampling2d({ size: [2, 2] }),
      layers.zeroPadding2d({ padding: [1, 2] }),
      layers.cropping2D({
        cropping: [
          [1, 0],
          [2, 1],
        ],
      }),
      layers.conv2d(conv(1)),
    ],
  },
  {
    name: 'convolutions in one and three dimensions',
    inputShape: [4, 4, 4, 1],
    build: () => [
      layers.conv3d({ filters: 2, kernelSize: 2, ...start() }),
      layers.maxPooling3d({ poolSize: [2, 2, 2], strides: [1, 1, 1] }),
      layers.reshape({ targetShape: [4, 4] }),
      layers.conv1d({ ...conv(3) }),
      layers.averagePooling1d({ poolSize: 2 }),
      layers.flatten(),
    ],
  },
  {
    name: 'embedding and LSTM',
    inputShape: [5],
    vocabulary: 7,
    build: () => [
      layers.embedding({ inputDim: 7, outputDim: 3, embeddingsInitializer: kernelInitializer() }),
      layers.lstm({ ...recurrent(4), returnSequences: true }),
      layers.lstm({ ...recurrent(3), recurrentActivation: 'hardSigmoid' }),
      layers.dense({ units: 2, ...start() }),
    ],
  },
  {
    name: 'GRU, simple and bidirectional recurrent layers',
    inputShape: [4, 3],
    build: () =>
      [
        layers.gru({ ...recurrent(3), returnSequences: true }),
        layers.bidirectional({
          layer: layers.simpleRNN({ ...recurrent(2), returnSequences: true }) as never,
          mergeMode: 'concat',
        }),
        layers.timeDistributed({ layer: layers.dense({ units: 2, ...start() }) }),
        layers.layerNormalization({ axis: -1 }),
        layers.globalMaxPooling1d({}),
      ] as Layer[],
  },
];

function buildModel({ inputShape, build }: Case) {
  const x = input({ shape: inputShape });
  const y = build().reduce<SymbolicTensor>((value, layer) => layer.apply(value) as SymbolicTensor, x);
  return model({ inputs: x, outputs: y });
}

function batchFor({ inputShape, vocabulary, batch = 3 }: Case): tf.Tensor {
  const shape = [batch, ...inputShape];
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = Array.from({ length: size }, (_, i) => (vocabulary ? (i * 5) % vocabulary : Math.sin(i * 1.7) * 1.3));
  return tf.tensor(values, shape, vocabulary ? 'int32' : 'float32');
}

describe("gradients equal tfjs's on its own models", () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const network = buildModel(each);
    try {
      tf.tidy(() => {
        const x = batchFor(each);
        const weights = network.getWeights(true) as tf.Variable[];
        const parameters = Object.fromEntries(weights.map((weight) => [weight.name, weight]));
        const loss = () => {
          const output = network.apply(x, { training: true }) as tf.Tensor;
          const ramp = tf.reshape(tf.linspace(0.5, 1.5, output.size), output.shape);
          return tf.mean(tf.mul(tf.square(output), ramp)) as tf.Scalar;
        };
        const expected = tf.variableGrads(loss, weights);
        const actual = valueAndGrad(loss, parameters);
        expect(actual.value.dataSync()[0]).toBeCloseTo(expected.value.dataSync()[0] as number, 12);
        expect(Object.keys(parameters).length).toBe(weights.length);
        for (const name of Object.keys(parameters)) {
          const [mine, theirs] = [actual.gradients[name], expected.grads[name]] as [tf.Tensor, tf.Tensor];
          expect(tf.max(tf.abs(theirs)).dataSync()[0], `${name} has a gradient`).toBeGreaterThan(0);
          expect(tf.max(tf.abs(tf.sub(mine, theirs))).dataSync()[0], name).toBeLessThan(1e-12);
        }
      });
    } finally {
      network.dispose();
    }
  });
});
