import { useWasm } from '@tapgrad/backend-wasm';
import { randomStream } from '@tapgrad/core';
import { abs, io, max, sub, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type LayersModel, model as layersModel, loadLayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { packagedMobileNet, pretrainedMobileNet } from './pretrained-mobilenet.ts';

beforeAll(() => useWasm());

/** The same package through tfjs-layers' own loader. */
async function inTfjsLayers(): Promise<LayersModel> {
  const { json, shards } = await packagedMobileNet();
  const { modelTopology, weightsManifest } = json as unknown as {
    modelTopology: object;
    weightsManifest: io.WeightsManifestConfig;
  };
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return loadLayersModel(io.fromMemory({ modelTopology, weightSpecs, weightData: shards[0]!.buffer as ArrayBuffer }));
}

it('the pretrained MobileNetV2 gives the features that tfjs-layers gives', async () => {
  const own = (await pretrainedMobileNet(8, randomStream(1, 'head'))).eval();
  const keras = await inTfjsLayers();
  const features = layersModel({
    inputs: keras.inputs,
    outputs: keras.getLayer('out_relu').output as SymbolicTensor,
  });
  const image = tensor(randomStream(3, 'image').uniform(224 * 224 * 3), [1, 224, 224, 3]);
  const [difference, largest] = tidy(() => {
    const expected = features.predict(image) as Tensor;
    let actual = own.stem.call(image);
    for (const block of [...own.blocks, own.last]) actual = block.call(actual);
    expect(actual.shape).toEqual([1, 7, 7, 1280]);
    return [max(abs(sub(actual, expected))).dataSync()[0]!, max(expected).dataSync()[0]!];
  });
  expect(largest).toBeGreaterThan(1);
  expect(difference).toBeLessThan(2e-4 * largest);
  own.dispose();
  keras.dispose();
  image.dispose();
});
