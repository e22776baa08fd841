import { Module } from '@tapgrad/core';
import { add, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Initializer } from '../initializers/initializers.ts';
import type { ActivationName } from './activations.ts';
import { chain } from './chain.ts';
import { Dropout } from './dropout.ts';
import { FeedForward } from './feed-forward.ts';
import { Linear } from './linear.ts';
import { MultiHeadAttention } from './multi-head-attention.ts';
import { LayerNorm, RMSNorm } from './normalization.ts';
import type { RandomOption } from './options.ts';

export interface TransformerBlockOptions extends RandomOption {
  readonly width: number;
  readonly heads: number;
  /** Width of the hidden layer of the feed-forward part. Default `4 * width`. */
  readonly hidden?: number;
  /** Width of what comes in; where it is not `width`, attention runs at it and a linear `shortcut` joins the residual. */
  readonly inputWidth?: number;
  /** Normalise before each part (`pre`) or after each sum (`post`). Default `pre`. */
  readonly norm?: 'pre' | 'post';
  /** Default `layer`. */
  readonly normKind?: 'layer' | 'rms';
  /** Of the norms. Default: the norm's own. */
  readonly epsilon?: number;
  /** Default `gelu`. */
  readonly activation?: ActivationName;
  /** Of each part's output. Default 0. */
  readonly dropout?: number;
  /** Of attention probabilities. Default 0. */
  readonly attentionDropout?: number;
  /** Default `fused`. */
  readonly projections?: 'fused' | 'separate';
  readonly causal?: boolean;
  readonly initializer?: Initializer;
}

/** Attention and a feed-forward part, each with a residual: `[batch, tokens, inputWidth]` to `[batch, tokens, width]`. */
export class TransformerBlock extends Module<[x: Tensor, mask?: Tensor | undefined]> {
  readonly norm1: Module;
  readonly attention: MultiHeadAttention;
  readonly norm2: Module;
  readonly mlp: FeedForward;
  readonly dropout: Dropout;
  readonly shortcut: Linear | undefined;
  private readonly preNorm: boolean;

  /** @param options kept, so that a block of other sizes can be made after it */
  constructor(readonly options: TransformerBlockOptions) {
    super();
    const { width, heads, hidden = 4 * width, inputWidth = width, norm = 'pre', random, initializer } = options;
    this.preNorm = norm === 'pre';
    this.norm1 = makeNorm(this.preNorm ? inputWidth : width, options);
    this.attention = new MultiHeadAttention({
      width: inputWidth,
      outputWidth: width,
      heads,
      causal: options.causal ?? false,
      dropout: options.attentionDropout ?? 0,
      projections: options.projections ?? 'fused',
      random,
      ...(initializer && { initializer }),
    });
    this.norm2 = makeNorm(width, options);
    this.mlp = new FeedForward({
      width,
      hidden,
      activation: options.activation ?? 'gelu',
      random,
      ...(initializer && { initializer }),
    });
    this.dropout = new Dropout(options.dropout ?? 0);
    this.shortcut =
      inputWidth === width ? undefined : new Linear(inputWidth, width, { random, ...(initializer && { initializer }) });
  }

  override forward(x: Tensor, mask?: Tensor): Tensor {
    return this.around(x, (rows) => this.attention.call(rows, mask));
  }

  /** The block with `attend` in the place of its attention; all else goes row by row. */
  around(x: Tensor, attend: (rows: Tensor) => Tensor): Tensor {
    const residual = this.shortcut ? this.shortcut.call(x) : x;
    if (this.preNorm) {
      const attended = tidy(() => add(residual, chain([this.norm1, attend, this.dropout], x)));
      return add(attended, chain([this.norm2, this.mlp, this.dropout], attended));
    }
    const attended = tidy(() => this.norm1.call(add(residual, this.dropout.call(attend(x)))));
    return this.norm2.call(add(attended, this.dropout.call(this.mlp.call(attended))));
  }
}

export function makeNorm(
  width: number,
  { normKind = 'layer', epsilon }: Pick<TransformerBlockOptions, 'normKind' | 'epsilon'>,
): Module {
  const options = epsilon === undefined ? {} : { epsilon };
  return normKind === 'layer' ? new LayerNorm(width, options) : new RMSNorm(width, options);
}
