import { Module, type Parameter, type RandomStream } from '@tapgrad/core';
import { Dropout, initializers, promptBound } from '@tapgrad/nn';
import { add, type Tensor, zeros } from '@tensorflow/tfjs-core';

export interface PromptSizes {
  readonly count: number;
  readonly dropout: number;
  readonly patchSize: number;
  readonly random: RandomStream;
}

/**
 * One set of prompts for each width given: number `set` is `[count, width]`, or `[batch, count, width]` where each
 * sample has dropout of its own.
 */
export class Prompts extends Module<[set: number, batch: number]> {
  readonly tokens: readonly Parameter[];
  readonly dropout: Dropout;

  constructor(widths: readonly number[], { count, dropout, patchSize, random }: PromptSizes) {
    super();
    this.tokens = widths.map((width) => {
      const bound = promptBound(patchSize, width);
      return initializers.initialParameter([count, width], initializers.uniform(-bound, bound), random);
    });
    this.dropout = new Dropout(dropout);
  }

  override forward(set: number, batch: number): Tensor {
    const tokens = (this.tokens[set] as Parameter).read();
    if (!this.training || this.dropout.rate === 0) return tokens;
    return this.dropout.call(add(zeros([batch, 1, 1]), tokens));
  }
}
