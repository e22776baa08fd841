import { Module, randomStream } from '@tapgrad/core';
import { BasicBlock, BatchNorm2d, Conv2d, chain, GlobalAveragePool, Linear } from '@tapgrad/nn';
import { relu, type Tensor } from '@tensorflow/tfjs-core';
import { type CnnSizes, imageChannels } from './task.ts';

/** The benchmark's residual network from the library's layers, batch statistics in training: images to logits. */
export class ResidualNetwork extends Module<[images: Tensor]> {
  readonly stem: Conv2d;
  readonly norm: BatchNorm2d;
  readonly stages: readonly BasicBlock[];
  readonly pool = new GlobalAveragePool();
  readonly head: Linear;

  constructor({ channels, classes, epsilon }: CnnSizes) {
    super();
    const random = randomStream(0, 'residual-network');
    const first = channels[0]!;
    this.stem = new Conv2d(imageChannels, first, 3, { padding: 1, bias: false, random });
    this.norm = new BatchNorm2d(first, { epsilon });
    this.stages = channels.map(
      (width, stage) =>
        new BasicBlock({
          inChannels: channels[stage - 1] ?? width,
          channels: width,
          stride: stage === 0 ? 1 : 2,
          shortcut: 'projection',
          random,
        }),
    );
    this.head = new Linear(channels.at(-1)!, classes, { random });
  }

  override forward(images: Tensor): Tensor {
    return chain([this.stem, this.norm, relu, ...this.stages, this.pool, this.head], images);
  }
}
