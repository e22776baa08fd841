import { Module } from '@tapgrad/core';
import { relu, type Tensor } from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../layers/batch-norm-2d.ts';
import { chain } from '../../layers/chain.ts';
import type { Conv2d } from '../../layers/conv-2d.ts';
import { Linear } from '../../layers/linear.ts';
import { checkSizes, type RandomOption } from '../../layers/options.ts';
import { GlobalAveragePool, MaxPool2d } from '../../layers/pooling.ts';
import { BasicBlock, Bottleneck, conv } from './blocks.ts';

interface Architecture {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of each stage; each stage after the first halves the image and doubles the channels. */
  readonly stages: readonly number[];
  /** 7x7 stride 2 and max pooling for 224-pixel images, or one 3x3 for CIFAR's 32. */
  readonly stem: 'imagenet' | 'cifar';
  readonly channels: number;
}

const imagenet = { stem: 'imagenet', channels: 64 } as const;
const cifar = { block: 'basic', stem: 'cifar', channels: 16 } as const;

/** Depths of He et al. 2016 (arXiv:1512.03385): table 1, and section 4.2 for CIFAR. */
export const resnetArchitectures = {
  'resnet-18': { ...imagenet, block: 'basic', stages: [2, 2, 2, 2] },
  'resnet-34': { ...imagenet, block: 'basic', stages: [3, 4, 6, 3] },
  'resnet-50': { ...imagenet, block: 'bottleneck', stages: [3, 4, 6, 3] },
  'resnet-101': { ...imagenet, block: 'bottleneck', stages: [3, 4, 23, 3] },
  'resnet-20-cifar': { ...cifar, stages: [3, 3, 3] },
  'resnet-32-cifar': { ...cifar, stages: [5, 5, 5] },
} as const satisfies Record<string, Architecture>;

export interface ResNetOptions extends RandomOption {
  /** A name of `resnetArchitectures`, or one's own. */
  readonly architecture: keyof typeof resnetArchitectures | Architecture;
  /** Default 3. */
  readonly inChannels?: number;
  /** Adds the classifier `fc`; without it the model gives features `[batch, channels]`. */
  readonly classes?: number;
}

/**
 * Residual network: images `[batch, height, width, channels]` to logits `[batch, classes]`. Names are torchvision's
 * (`conv1`, `bn1`, `layer1.0.conv1`, … `fc`), so blocks are `layer*.*`. CIFAR variants have shortcuts without parameters.
 */
export class ResNet extends Module<[images: Tensor]> {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly maxpool: MaxPool2d | undefined;
  readonly layer1: readonly Module[];
  readonly layer2: readonly Module[];
  readonly layer3: readonly Module[];
  readonly layer4: readonly Module[];
  readonly avgpool = new GlobalAveragePool();
  /** Classifier; may be replaced before the model is attached to a stack. */
  fc: Linear | undefined;

  constructor({ architecture, inChannels = 3, classes, random }: ResNetOptions) {
    super();
    const { block, stages, stem, channels }: Architecture =
      typeof architecture === 'string' ? resnetArchitectures[architecture] : architecture;
    checkSizes('ResNet', { inChannels, channels, stages: stages.length });
    const large = stem === 'imagenet';
    this.conv1 = large ? conv(inChannels, channels, 7, 2, { random }) : conv(inChannels, channels, 3, 1, { random });
    this.bn1 = new BatchNorm2d(channels);
    this.maxpool = large ? new MaxPool2d(3, { stride: 2, padding: 1 }) : undefined;
    const Block = block === 'basic' ? BasicBlock : Bottleneck;
    let width = channels;
    const stage = (index: number): Module[] =>
      Array.from({ length: stages[index] ?? 0 }, (_, i) => {
        const inner = channels * 2 ** index;
        const stride = i === 0 && index > 0 ? 2 : 1;
        const shortcut = large ? 'projection' : 'pad';
        const made = new Block({ inChannels: width, channels: inner, stride, shortcut, random });
        width = inner * Block.expansion;
        return made;
      });
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    this.fc = classes === undefined ? undefined : new Linear(width, classes, { random });
  }

  override forward(images: Tensor): Tensor {
    const stages = [...this.layer1, ...this.layer2, ...this.layer3, ...this.layer4];
    return chain([this.conv1, this.bn1, relu, this.maxpool, ...stages, this.avgpool, this.fc], images);
  }
}
