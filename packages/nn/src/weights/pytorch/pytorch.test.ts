import { randomStream } from '@tapgrad/core';
import { encodeSafetensors, type HostTensor, SafetensorsFile } from '@tapgrad/safetensors';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Conv2d, DepthwiseConv2d, Linear, Sequential } from '../../layers/index.ts';
import { MobileNetV2, ResNet, resnetArchitectures } from '../../models/index.ts';
import { memorySource } from '../source.ts';
import { assignPyTorchWeights } from './assign.ts';
import { loadBert, loadViT } from './hugging-face.ts';
import { bertNames, mobilenetV2Names, vitNames } from './names.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;

function host(shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return { dtype: 'float32', shape, values: randomStream(seed).normal(size, 0, 0.5) };
}

function encoded(shapes: Shapes): { bytes: Uint8Array; file: SafetensorsFile } {
  const bytes = encodeSafetensors(new Map(Object.entries(shapes).map(([name, shape], i) => [name, host(shape, i)])));
  return { bytes, file: new SafetensorsFile(bytes) };
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function layerShapes(prefix: string, names: (part: string) => string, width: number, hidden: number): Shapes {
  const vector = (name: string, size: number) => [`${prefix}${names(name)}`, [size]] as const;
  const linear = (name: string, from: number, to: number) =>
    [[`${prefix}${names(`${name}.weight`)}`, [to, from]] as const, vector(`${name}.bias`, to)] as const;
  return Object.fromEntries([
    ...['query', 'key', 'value', 'output'].flatMap((part) => linear(`attention.${part}`, width, width)),
    ...['norm1', 'norm2'].flatMap((part) => [vector(`${part}.weight`, width), vector(`${part}.bias`, width)]),
    ...linear('mlp.up', width, hidden),
    ...linear('mlp.down', hidden, width),
  ]);
}

describe('layouts', () => {
  it('weights are turned by the kind of layer', () => {
    const { file } = encoded({
      'layers.0.weight': [3, 2, 1, 2],
      'layers.1.weight': [6, 1, 1, 1],
      'layers.2.weight': [4, 6],
      'layers.2.bias': [4],
    });
    const model = new Sequential(
      new Conv2d(2, 3, [1, 2], { bias: false }),
      new DepthwiseConv2d(3, 1, { multiplier: 2, bias: false }),
      new Linear(6, 4),
    );
    assignPyTorchWeights(model, file);
    const read = (name: string) => Array.from(model.namedParameters().get(name)?.variable.dataSync() ?? []);
    const [conv, depthwise, linear] = [0, 1, 2].map((i) => Array.from(file.elements(`layers.${i}.weight`).values)) as [
      number[],
      number[],
      number[],
    ];
    // Element [o, i, h, w] of PyTorch is [h, w, i, o] here.
    expect(read('layers.0.weight')[1 * 6 + 0 * 3 + 2]).toBe(conv[2 * 4 + 0 * 2 + 1]);
    expect(read('layers.1.weight')).toEqual(depthwise);
    expect(read('layers.2.weight')[5 * 4 + 1]).toBe(linear[1 * 6 + 5]);
    model.dispose();
  });

  it('a missing weight and a wrong shape are refused before anything is assigned', () => {
    const model = new Linear(2, 3);
    const before = Array.from(model.weight.variable.dataSync());
    expect(() => assignPyTorchWeights(model, encoded({ weight: [3, 2] }).file)).toThrow(
      expect.objectContaining({ code: 'WEIGHT_MISSING', message: expect.stringMatching(/bias/) }),
    );
    expect(() => assignPyTorchWeights(model, encoded({ weight: [2, 2], bias: [3] }).file)).toThrow(
      expect.objectContaining({ code: 'STATE_MISMATCH' }),
    );
    expect(Array.from(model.weight.variable.dataSync())).toEqual(before);
    assignPyTorchWeights(model, encoded({ weight: [3, 2] }).file, { optional: (name) => name === 'bias' });
    model.dispose();
  });
});

describe('names', () => {
  it('of torchvision', () => {
    const names = (model: { namedParameters(): Map<string, unknown>; namedBuffers(): Map<string, unknown> }) => [
      ...model.namedParameters().keys(),
      ...model.namedBuffers().keys(),
    ];
    expect(
      names(new ResNet({ architecture: { ...resnetArchitectures['resnet-50'], stages: [1, 1] }, classes: 2 })),
    ).toEqual(
      expect.arrayContaining([
        'conv1.weight',
        'bn1.runningMean',
        'layer1.0.conv3.weight',
        'layer2.0.downsample.1.weight',
        'fc.bias',
      ]),
    );
    const mobile = names(new MobileNetV2({ classes: 2 })).map(mobilenetV2Names);
    expect(mobile).toEqual(
      expect.arrayContaining([
        'features.0.0.weight',
        'features.1.conv.0.0.weight',
        'features.1.conv.1.weight',
        'features.1.conv.2.running_var',
        'features.2.conv.1.0.weight',
        'features.17.conv.2.weight',
        'features.17.conv.3.bias',
        'features.18.1.running_mean',
        'classifier.1.weight',
      ]),
    );
    expect(new Set(mobile).size).toBe(mobile.length);
  });
});

describe('Hugging Face folders', () => {
  const [width, hidden] = [4, 6];
  const config = {
    hidden_size: width,
    num_attention_heads: 2,
    num_hidden_layers: 1,
    intermediate_size: hidden,
    layer_norm_eps: 1e-12,
    hidden_act: 'gelu',
  };
  const bertConfig = {
    ...config,
    vocab_size: 5,
    max_position_embeddings: 3,
    pad_token_id: 0,
    hidden_dropout_prob: 0.1,
  };
  const bertShapes = (prefix: string, norm: [string, string] = ['weight', 'bias']): Shapes => ({
    [`${prefix}embeddings.word_embeddings.weight`]: [5, width],
    [`${prefix}embeddings.position_embeddings.weight`]: [3, width],
    [`${prefix}embeddings.token_type_embeddings.weight`]: [2, width],
    [`${prefix}embeddings.LayerNorm.${norm[0]}`]: [width],
    [`${prefix}embeddings.LayerNorm.${norm[1]}`]: [width],
    [`${prefix}pooler.dense.weight`]: [width, width],
    [`${prefix}pooler.dense.bias`]: [width],
    ...layerShapes(
      `${prefix}encoder.layer.0.`,
      (part) => bertNames(`layers.0.${part}`).replace('encoder.layer.0.', ''),
      width,
      hidden,
    ),
  });
  const source = (shapes: Shapes, settings: object) =>
    memorySource({ 'config.json': json(settings), 'model.safetensors': encoded(shapes).bytes });

  it('BERT: names, segment 0 in the positions, evaluation mode', async () => {
    const shapes = bertShapes('');
    expect(Object.keys(shapes)).toContain('encoder.layer.0.attention.self.query.weight');
    expect(Object.keys(shapes)).toContain('encoder.layer.0.attention.output.LayerNorm.bias');
    expect(Object.keys(shapes)).toContain('encoder.layer.0.intermediate.dense.weight');
    const model = await loadBert(source(shapes, bertConfig));
    const { file } = encoded(shapes);
    const values = (name: string) => file.elements(name).values;
    const [position = 0] = values('embeddings.position_embeddings.weight');
    const [segment = 0] = values('embeddings.token_type_embeddings.weight');
    expect(model.positions?.variable.dataSync()[0]).toBeCloseTo(position + segment, 6);
    expect(model.training).toBe(false);
    const ids = tensor([1, 4, 0], [1, 3], 'int32');
    tidy(() => void expect(model.call(ids).shape).toEqual([1, width]));
    ids.dispose();
    model.dispose();
  });

  it('BERT with a prefix and a classifier, which may be replaced', async () => {
    const shapes = { ...bertShapes('bert.'), 'classifier.weight': [3, width], 'classifier.bias': [3] };
    const own = await loadBert(source(shapes, bertConfig));
    expect(own.head?.outFeatures).toBe(3);
    expect(own.head?.bias?.variable.dataSync()[0]).toBe(encoded(shapes).file.elements('classifier.bias').values[0]);
    const fresh = await loadBert(source(shapes, bertConfig), { classes: 7 });
    expect(fresh.head?.outFeatures).toBe(7);
    own.dispose();
    fresh.dispose();
  });

  it('BERT of an old release calls norms gamma and beta', async () => {
    const model = await loadBert(source(bertShapes('', ['gamma', 'beta']), bertConfig));
    model.dispose();
  });

  it('ViT: patches, class token and positions', async () => {
    const shapes: Shapes = {
      'vit.embeddings.cls_token': [1, 1, width],
      'vit.embeddings.position_embeddings': [1, 5, width],
      'vit.embeddings.patch_embeddings.projection.weight': [width, 3, 2, 2],
      'vit.embeddings.patch_embeddings.projection.bias': [width],
      'vit.layernorm.weight': [width],
      'vit.layernorm.bias': [width],
      'classifier.weight': [2, width],
      'classifier.bias': [2],
      ...layerShapes(
        'vit.encoder.layer.0.',
        (part) => vitNames(`layers.0.${part}`).replace('encoder.layer.0.', ''),
        width,
        hidden,
      ),
    };
    expect(Object.keys(shapes)).toContain('vit.encoder.layer.0.attention.attention.query.weight');
    expect(Object.keys(shapes)).toContain('vit.encoder.layer.0.layernorm_before.weight');
    const model = await loadViT(source(shapes, { ...config, image_size: 4, patch_size: 2 }));
    const image = tensor(new Float32Array(48), [1, 4, 4, 3]);
    tidy(() => void expect((model.call(image) as Tensor).shape).toEqual([1, 2]));
    image.dispose();
    model.dispose();
  });

  it('a configuration that cannot be followed is refused', async () => {
    await expect(loadBert(source(bertShapes(''), { ...bertConfig, hidden_act: 'mish' }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await expect(loadBert(source(bertShapes(''), { ...bertConfig, vocab_size: undefined }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await expect(loadBert(source(bertShapes(''), { ...bertConfig, num_hidden_layers: 2 }))).rejects.toMatchObject({
      code: 'WEIGHT_MISSING',
    });
  });
});
