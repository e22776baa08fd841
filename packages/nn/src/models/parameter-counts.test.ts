import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  MobileNetV2,
  ResNet,
  SentenceEncoder,
  T5,
  TextEncoder,
  t5Presets,
  VisionTransformer,
  visionTransformerPresets,
} from './index.ts';

const bert = { width: 768, heads: 12, layers: 12, norm: 'post', pooling: 'first-tanh' } as const;

describe('parameter counts are the published ones, and counting allocates nothing', () => {
  it.each([
    ['ViT-Ti/16', () => new VisionTransformer({ ...visionTransformerPresets['vit-ti/16'], classes: 1000 }), 5_717_416],
    ['ViT-S/16', () => new VisionTransformer({ ...visionTransformerPresets['vit-s/16'], classes: 1000 }), 22_050_664],
    ['ViT-B/16', () => new VisionTransformer({ ...visionTransformerPresets['vit-b/16'], classes: 1000 }), 86_567_656],
    ['ViT-B/32', () => new VisionTransformer({ ...visionTransformerPresets['vit-b/32'], classes: 1000 }), 88_224_232],
    ['ViT-L/16', () => new VisionTransformer({ ...visionTransformerPresets['vit-l/16'], classes: 1000 }), 304_326_632],
    ['ResNet-18', () => new ResNet({ architecture: 'resnet-18', classes: 1000 }), 11_689_512],
    ['ResNet-34', () => new ResNet({ architecture: 'resnet-34', classes: 1000 }), 21_797_672],
    ['ResNet-50', () => new ResNet({ architecture: 'resnet-50', classes: 1000 }), 25_557_032],
    ['ResNet-101', () => new ResNet({ architecture: 'resnet-101', classes: 1000 }), 44_549_160],
    ['ResNet-20 (CIFAR)', () => new ResNet({ architecture: 'resnet-20-cifar', classes: 10 }), 269_722],
    ['ResNet-32 (CIFAR)', () => new ResNet({ architecture: 'resnet-32-cifar', classes: 10 }), 464_154],
    ['MobileNetV2', () => new MobileNetV2({ classes: 1000 }), 3_504_872],
    ['MobileNetV2 x 0.5', () => new MobileNetV2({ widthMultiplier: 0.5, classes: 1000 }), 1_968_680],
    ['MobileNetV2 x 1.4', () => new MobileNetV2({ widthMultiplier: 1.4, classes: 1000 }), 6_108_776],
    // BERT has 1,536 more: the vectors of its two token types, which the loader folds into the positions.
    ['BERT base', () => new TextEncoder({ ...bert, vocabularySize: 30_522 }), 109_482_240 - 1_536],
    ['T5-small', () => new T5(t5Presets['t5-small']), 60_506_624],
    ['T5-base', () => new T5(t5Presets['t5-base']), 222_903_552],
    ['T5-large', () => new T5(t5Presets['t5-large']), 737_668_096],
    ['USE lite', () => new SentenceEncoder(), 6_975_744],
  ])('%s', (_name, build, count) => {
    const before = memory().numTensors;
    expect(build().parameterCount()).toBe(count);
    expect(memory().numTensors).toBe(before);
  });
});
