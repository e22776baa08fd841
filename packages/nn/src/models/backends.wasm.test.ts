import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { type Module, randomStream, valueAndGrad } from '@tapgrad/core';
import { setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossEntropy } from '../losses/index.ts';
import { randomTensor } from '../test-support.ts';
import { MobileNetV2, ResNet, TextEncoder, VisionTransformer } from './index.ts';

beforeAll(() => useWasm());

const small = { width: 16, heads: 2, layers: 2, classes: 3 } as const;
const random = () => randomStream(11);
const models: [string, () => Module, () => Tensor][] = [
  [
    'TextEncoder',
    () => new TextEncoder({ ...small, vocabularySize: 7, random: random() }),
    () => tensor([3, 5, 1, 2, 4, -1], [2, 3], 'int32'),
  ],
  [
    'VisionTransformer',
    () => new VisionTransformer({ ...small, imageSize: 8, patchSize: 4, random: random() }),
    () => randomTensor([2, 8, 8, 3]),
  ],
  [
    'ResNet, basic blocks',
    () =>
      new ResNet({
        architecture: { block: 'basic', stages: [1, 1], stem: 'cifar', channels: 8 },
        classes: 3,
        random: random(),
      }),
    () => randomTensor([4, 8, 8, 3]),
  ],
  [
    'ResNet, bottleneck',
    () =>
      new ResNet({
        architecture: { block: 'bottleneck', stages: [1, 1], stem: 'imagenet', channels: 8 },
        classes: 3,
        random: random(),
      }),
    () => randomTensor([4, 32, 32, 3]),
  ],
  [
    'MobileNetV2',
    () => new MobileNetV2({ widthMultiplier: 0.25, classes: 3, random: random() }).eval(),
    () => randomTensor([2, 64, 64, 3]),
  ],
];

/** Loss and gradients by name, on one backend. */
async function results(backend: string, build: () => Module, input: () => Tensor): Promise<Map<string, Float32Array>> {
  await setBackend(backend);
  const model = build();
  const x = input();
  const batch = x.shape[0] as number;
  const labels = tensor(
    Array.from({ length: batch }, (_, i) => i % 3),
    [batch],
    'int32',
  );
  const parameters = Object.fromEntries(
    [...model.namedParameters()].map(([name, each]) => [name, each.variable as Tensor]),
  );
  const { value, gradients } = valueAndGrad(() => crossEntropy(model.call(x), labels), parameters);
  const made = Object.entries({ loss: value, ...gradients });
  const read = new Map(made.map(([name, each]) => [name, each.dataSync() as Float32Array]));
  for (const each of [x, labels, ...made.map(([, tensorMade]) => tensorMade)]) each.dispose();
  model.dispose();
  return read;
}

describe('models on wasm', () => {
  it.each(models)('%s: loss and gradients are those of the cpu backend', async (_name, build, input) => {
    const expected = await results('cpu', build, input);
    const actual = await results('wasm', build, input);
    for (const [name, values] of actual) {
      const reference = expected.get(name) as Float32Array;
      const scale = reference.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
      const worst = values.reduce(
        (largest, value, i) => Math.max(largest, Math.abs(value - (reference[i] as number))),
        0,
      );
      expect([name, worst / scale < 2e-3]).toEqual([name, true]);
    }
  });
});
