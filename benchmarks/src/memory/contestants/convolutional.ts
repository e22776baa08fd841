import { mobileTl } from '@tapgrad/activation-compression';
import { useWasm } from '@tapgrad/backend-wasm';
import { type Module, randomStream } from '@tapgrad/core';
import { localLearning, momentumAuxiliary, syntheticGradients } from '@tapgrad/momentum-auxiliary';
import { MobileNetV2, ResNet } from '@tapgrad/nn';
import * as tf from '@tensorflow/tfjs-core';
import { BufferMeter } from '../../buffer-meter.ts';
import { serve } from '../../serve.ts';
import { only, type Plugins, trainWith } from '../training.ts';
import { measure, type Training } from '../usage.ts';

await useWasm();
const meter = new BufferMeter();
meter.open();
const classes = 10;

function train<M extends Module<[tf.Tensor], tf.Tensor>>(
  model: M,
  shape: [batch: number, height: number, width: number, channels: number],
  prepare: (model: M) => Plugins,
): Training {
  const [batch] = shape;
  const pixels = randomStream(1, 'images').uniform(shape.reduce((product, length) => product * length, 1));
  const labels = Int32Array.from({ length: batch }, (_, index) => index % classes);
  return trainWith(model, { inputs: tf.tensor(pixels, shape), targets: tf.tensor1d(labels, 'int32') }, prepare(model));
}

const residual = (prepare: (model: ResNet) => Plugins) =>
  train(
    new ResNet({ architecture: 'resnet-32-cifar', classes, random: randomStream(0, 'model') }),
    [16, 32, 32, 3],
    prepare,
  );
const mobile = (prepare: (model: MobileNetV2) => Plugins) =>
  train(new MobileNetV2({ classes, random: randomStream(0, 'model') }), [8, 96, 96, 3], prepare);

const methods: Readonly<Record<string, () => Training>> = {
  residualFull: () => residual(() => []),
  man: () => residual(() => [momentumAuxiliary({ parts: 4 })]),
  manTwoParts: () => residual(() => [momentumAuxiliary({ parts: 2 })]),
  local: () => residual(() => [localLearning({ parts: 4 })]),
  synthetic: () => residual(() => [syntheticGradients({ parts: 2 })]),
  mobileFull: () => mobile(() => []),
  mobileTop: () => mobile((model) => only(model, 'blocks.{12,13,14,15,16}.**', 'classifier.*')),
  mobileTl: () => mobile(() => [mobileTl({ train: 5 })]),
};

serve(
  Object.fromEntries(
    Object.entries(methods).map(([name, make]) => [name, (steps: number) => measure(make(), meter, steps)]),
  ),
);
