import { useWasm } from '@tapgrad/backend-wasm';
import { io, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  activation,
  BatchNorm2d,
  Conv2d,
  DepthwiseConv2d,
  GlobalAveragePool,
  Linear,
  Sequential,
} from '../layers/index.ts';
import { MobileNetV2 } from '../models/index.ts';
import { randomTensor } from '../test-support.ts';
import { assignWeights } from './assign.ts';
import { kerasMobileNetV2Names } from './keras-names.ts';
import { memorySource } from './source.ts';
import { loadTfjsWeights } from './tfjs.ts';

beforeAll(() => useWasm());

/** A layers model of the kinds of layers that have weights, and the same out of this package. */
function kerasModel() {
  return sequential({
    layers: [
      layers.conv2d({ name: 'conv', inputShape: [9, 8, 3], filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
      layers.batchNormalization({
        name: 'norm',
        epsilon: 1e-3,
        betaInitializer: 'randomNormal',
        movingMeanInitializer: 'randomNormal',
      }),
      layers.reLU({ maxValue: 6 }),
      layers.depthwiseConv2d({ name: 'depthwise', kernelSize: 3, padding: 'same' }),
      layers.globalAveragePooling2d({}),
      layers.dense({ name: 'dense', units: 5, biasInitializer: 'randomNormal' }),
    ],
  });
}

const names: Readonly<Record<string, string>> = {
  'layers.0': 'conv',
  'layers.1': 'norm',
  'layers.3': 'depthwise',
  'layers.5': 'dense',
  runningMean: 'moving_mean',
  runningVar: 'moving_variance',
};

function kerasName(name: string): string {
  const [, layer = '', weight = ''] = name.match(/^(layers\.\d)\.(.*)$/) ?? [];
  const norm = { weight: 'gamma', bias: 'beta' }[weight];
  const own = layer === 'layers.1' && norm ? norm : weight === 'weight' ? 'kernel' : (names[weight] ?? weight);
  return `${names[layer]}/${layer === 'layers.3' && own === 'kernel' ? 'depthwise_kernel' : own}`;
}

describe('weights of a tfjs layers model', () => {
  it('give the same outputs in modules of this package', async () => {
    const keras = kerasModel();
    let saved: io.ModelArtifacts | undefined;
    await keras.save(
      io.withSaveHandler((artifacts) => {
        saved = artifacts;
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
      }),
    );
    const { weightSpecs, weightData, ...model } = saved as io.ModelArtifacts;
    const json = { ...model, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
    const source = memorySource({
      'model.json': new TextEncoder().encode(JSON.stringify(json)),
      'weights.bin': weightData as ArrayBuffer,
    });
    const weights = await loadTfjsWeights(source);
    const own = new Sequential(
      new Conv2d(3, 4, 3, { stride: 2, padding: 'same' }),
      new BatchNorm2d(4, { epsilon: 1e-3 }),
      activation('relu6'),
      new DepthwiseConv2d(4, 3, { padding: 'same' }),
      new GlobalAveragePool(),
      new Linear(4, 5),
    ).eval();
    assignWeights(own, weights, { names: kerasName });
    const x = randomTensor([2, 9, 8, 3]);
    tidy(() => {
      const expected = (keras.predict(x) as Tensor).dataSync();
      own
        .call(x)
        .dataSync()
        .forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i] as number, 5);
        });
    });
    for (const tensor of [x, ...weights.values()]) tensor.dispose();
    keras.dispose();
    own.dispose();
  });
});

describe("names of Keras' MobileNetV2", () => {
  it('are those of its layers', () => {
    const model = new MobileNetV2({ padding: 'same', epsilon: 1e-3 });
    const all = [...model.namedParameters().keys(), ...model.namedBuffers().keys()].map(kerasMobileNetV2Names);
    expect(all).toEqual(
      expect.arrayContaining([
        'Conv1/kernel',
        'bn_Conv1/moving_variance',
        'expanded_conv_depthwise/depthwise_kernel',
        'expanded_conv_project_BN/gamma',
        'block_1_expand/kernel',
        'block_16_depthwise_BN/beta',
        'Conv_1_bn/moving_mean',
      ]),
    );
    // 52 convolutions, and four values for the normalisation behind each.
    expect(new Set(all).size).toBe(52 * 5);
  });
});
