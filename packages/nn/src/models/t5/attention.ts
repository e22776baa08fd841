import { attention, Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Linear } from '../../layers/linear.ts';
import type { RandomOption } from '../../layers/options.ts';

export interface T5AttentionOptions extends RandomOption {
  readonly width: number;
  readonly heads: number;
  /** Width of one head; the heads together need not be as wide as the model. */
  readonly headWidth: number;
  /** Token i sees tokens up to i only. */
  readonly causal: boolean;
}

/**
 * Attention without biases and without scaling of the scores (the initial values make up for it): `[batch, tokens, width]`
 * and a memory `[batch, memoryTokens, width]` (the input itself, in self-attention) to `[batch, tokens, width]`.
 */
export class T5Attention extends Module<[x: Tensor, memory: Tensor, mask?: Tensor | undefined]> {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;

  constructor(private readonly options: T5AttentionOptions) {
    super();
    const { width, heads, headWidth, random } = options;
    const linear = (from: number, to: number) => new Linear(from, to, { bias: false, random });
    this.query = linear(width, heads * headWidth);
    this.key = linear(width, heads * headWidth);
    this.value = linear(width, heads * headWidth);
    this.output = linear(heads * headWidth, width);
  }

  override innerPoints(): readonly string[] {
    return ['query', 'key', 'value', 'context'];
  }

  override forward(x: Tensor, memory: Tensor, mask?: Tensor): Tensor {
    const { heads, causal } = this.options;
    const query = this.tap('query', this.query.call(x));
    const key = this.tap('key', this.key.call(memory));
    const value = this.tap('value', this.value.call(memory));
    return this.output.call(this.tap('context', attention(query, key, value, { heads, mask, causal, scale: 1 })));
  }
}
