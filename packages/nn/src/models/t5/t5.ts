import { Module } from '@tapgrad/core';
import { matMul, mul, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { normal } from '../../initializers/initializers.ts';
import { chain } from '../../layers/chain.ts';
import { Dropout } from '../../layers/dropout.ts';
import { Embedding } from '../../layers/embedding.ts';
import { paddingMask, tokenMask } from '../../layers/masks.ts';
import { RMSNorm } from '../../layers/normalization.ts';
import { checkSizes } from '../../layers/options.ts';
import { T5Block, type T5BlockOptions } from './block.ts';
import { RelativeBias } from './relative-bias.ts';

export interface T5Options extends Omit<T5BlockOptions, 'decoder' | 'relative'> {
  readonly vocabularySize: number;
  /** Blocks of the encoder, and of the decoder. */
  readonly layers: number;
  /** Id of the padding token; default: every negative id. `none` says that inputs are never padded, which saves the mask. */
  readonly paddingId?: number | 'none';
}

/** Sizes of the published models, version 1.0. */
export const t5Presets = {
  't5-small': { vocabularySize: 32_128, width: 512, hidden: 2048, headWidth: 64, heads: 8, layers: 6 },
  't5-base': { vocabularySize: 32_128, width: 768, hidden: 3072, headWidth: 64, heads: 12, layers: 12 },
  't5-large': { vocabularySize: 32_128, width: 1024, hidden: 4096, headWidth: 64, heads: 16, layers: 24 },
} as const satisfies Record<string, T5Options>;

/** Blocks `layers.*` with one relative bias, and a norm. */
class T5Stack extends Module<
  [x: Tensor, mask: Tensor | undefined, memory?: Tensor | undefined, memoryMask?: Tensor | undefined]
> {
  readonly layers: readonly T5Block[];
  readonly norm: RMSNorm;
  readonly dropout: Dropout;

  constructor(options: T5Options, decoder: boolean) {
    super();
    const relative = new RelativeBias(options.heads, decoder, options.random);
    this.layers = Array.from({ length: options.layers }, () => new T5Block({ ...options, decoder, relative }));
    this.norm = new RMSNorm(options.width);
    this.dropout = new Dropout(options.dropout ?? 0);
  }

  override forward(x: Tensor, mask?: Tensor, memory?: Tensor, memoryMask?: Tensor): Tensor {
    const end = (value: Tensor) => tidy(() => this.dropout.call(this.norm.call(value)));
    return chain<(Tensor | undefined)[]>([...this.layers, end], x, mask, memory, memoryMask);
  }
}

/** Scores of all tokens by the token table itself, rescaled: tied embeddings. */
class TiedHead extends Module {
  constructor(readonly table: Embedding) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const [batch, tokens, width] = x.shape as [number, number, number];
    const scaled = reshape(mul(x, 1 / Math.sqrt(width)), [-1, width]);
    return reshape(matMul(scaled, this.table.weight.read(), false, true), [batch, tokens, -1]);
  }
}

/**
 * T5 (Raffel et al. 2020, arXiv:1910.10683): an encoder and a decoder of pre-norm blocks with relative position biases, RMS
 * norm, no biases and one token table. Token ids `[batch, tokens]` and those to go on from, `[batch, decoderTokens]`, both
 * int32, to scores of the next ones `[batch, decoderTokens, vocabulary]`. Blocks are `encoder.layers.*`, `decoder.layers.*`.
 * @example new T5(t5Presets['t5-base'])
 */
export class T5 extends Module<[ids: Tensor, decoderIds: Tensor]> {
  readonly shared: Embedding;
  readonly encoder: T5Stack;
  readonly decoder: T5Stack;
  readonly head: TiedHead;
  private readonly dropout: Dropout;

  constructor(private readonly options: T5Options) {
    super();
    const { vocabularySize, width, hidden, headWidth, heads, layers, random } = options;
    checkSizes('T5', { vocabularySize, width, hidden, headWidth, heads, layers });
    this.shared = new Embedding(vocabularySize, width, { random, initializer: normal(1) });
    this.encoder = new T5Stack(options, false);
    this.decoder = new T5Stack(options, true);
    this.head = new TiedHead(this.shared);
    this.dropout = new Dropout(options.dropout ?? 0);
  }

  override forward(ids: Tensor, decoderIds: Tensor): Tensor {
    const [mask, decoderMask] = [this.maskOf(ids), this.maskOf(decoderIds)];
    const memory = this.encoder.call(this.embedded(ids), mask);
    return this.head.call(this.decoder.call(this.embedded(decoderIds), decoderMask, memory, mask));
  }

  private embedded(ids: Tensor): Tensor {
    return this.dropout.call(this.shared.call(ids));
  }

  private maskOf(ids: Tensor): Tensor | undefined {
    const { paddingId } = this.options;
    return paddingId === 'none' ? undefined : tidy(() => paddingMask(tokenMask(ids, paddingId)));
  }
}
