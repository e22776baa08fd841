import { Module, Parameter, randomStream } from '@tapgrad/core';
import { chain, LayerNorm, Linear, TransformerBlock } from '@tapgrad/nn';
import { add, mean, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { type TransformerSizes, transformerSizes } from './task.ts';

/** The benchmark's encoder from the library's layers: `[batch, tokens, width]` to logits `[batch, classes]`. */
export class Encoder extends Module<[inputs: Tensor]> {
  readonly position: Parameter;
  readonly layers: readonly TransformerBlock[];
  readonly norm: LayerNorm;
  readonly head: Linear;

  constructor(options: Partial<TransformerSizes> = {}) {
    super();
    const { width, tokens, layers, heads, ratio, classes, epsilon } = { ...transformerSizes, ...options };
    const random = randomStream(0, 'encoder');
    this.position = new Parameter(zeros([tokens, width]));
    this.layers = Array.from(
      { length: layers },
      () => new TransformerBlock({ width, heads, hidden: ratio * width, epsilon, random }),
    );
    this.norm = new LayerNorm(width, { epsilon });
    this.head = new Linear(width, classes, { random });
  }

  override forward(inputs: Tensor): Tensor {
    const x = chain(this.layers, add(inputs, this.position.read()));
    return this.head.call(mean(this.norm.call(x), 1));
  }
}
