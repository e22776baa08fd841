import { Module } from '@tapgrad/core';
import { add, relu, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { chain } from '../../layers/chain.ts';
import { Dropout } from '../../layers/dropout.ts';
import { Linear } from '../../layers/linear.ts';
import { RMSNorm } from '../../layers/normalization.ts';
import type { RandomOption } from '../../layers/options.ts';
import { T5Attention } from './attention.ts';
import { RelativeBias } from './relative-bias.ts';

export interface T5BlockOptions extends RandomOption {
  readonly width: number;
  /** Width of the hidden layer of the feed-forward part. */
  readonly hidden: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Causal, and with attention to a memory. */
  readonly decoder: boolean;
  /** Shared by the blocks of a stack; default: one of its own. */
  readonly relative?: RelativeBias | undefined;
  /** Of each part's output and of the hidden layer. Default 0. */
  readonly dropout?: number;
}

/**
 * Pre-norm block without biases, with RMS norm and relu: `[batch, tokens, width]` to the same. A decoder's attends between
 * its other parts to a memory `[batch, memoryTokens, width]`. Masks are added to scores (`paddingMask`).
 */
export class T5Block extends Module<
  [x: Tensor, mask?: Tensor | undefined, memory?: Tensor | undefined, memoryMask?: Tensor | undefined]
> {
  readonly norm1: RMSNorm;
  readonly self: T5Attention;
  readonly norm2: RMSNorm | undefined;
  readonly cross: T5Attention | undefined;
  readonly norm3: RMSNorm;
  readonly up: Linear;
  readonly down: Linear;
  readonly relative: RelativeBias;
  readonly dropout: Dropout;
  readonly width: number;

  /** @param options kept, so that a block of other sizes can be made after it */
  constructor(readonly options: T5BlockOptions) {
    super();
    const { width, hidden, heads, headWidth, decoder, random } = options;
    const attention = { width, heads, headWidth, random };
    this.width = width;
    this.relative = options.relative ?? new RelativeBias(heads, decoder, random);
    this.norm1 = new RMSNorm(width);
    this.self = new T5Attention({ ...attention, causal: decoder });
    this.norm2 = decoder ? new RMSNorm(width) : undefined;
    this.cross = decoder ? new T5Attention({ ...attention, causal: false }) : undefined;
    this.norm3 = new RMSNorm(width);
    this.up = new Linear(width, hidden, { bias: false, random });
    this.down = new Linear(hidden, width, { bias: false, random });
    this.dropout = new Dropout(options.dropout ?? 0);
  }

  override forward(x: Tensor, mask?: Tensor, memory?: Tensor, memoryMask?: Tensor): Tensor {
    const attended = tidy(() => {
      const normed = this.norm1.call(x);
      const bias = this.relative.call(x.shape[1] as number);
      return add(x, this.dropout.call(this.self.call(normed, normed, mask ? add(bias, mask) : bias)));
    });
    const informed = tidy(() => {
      if (!this.cross || !this.norm2) return attended;
      return add(attended, this.dropout.call(this.cross.call(this.norm2.call(attended), memory as Tensor, memoryMask)));
    });
    return add(informed, this.dropout.call(this.feedForward(informed)));
  }

  private feedForward(x: Tensor): Tensor {
    return chain([this.norm3, this.up, relu, this.dropout, this.down], x);
  }
}
