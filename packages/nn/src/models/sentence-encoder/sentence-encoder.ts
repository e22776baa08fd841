import { BufferTensor, Module, TapgradError } from '@tapgrad/core';
import {
  add,
  div,
  maximum,
  mul,
  slice,
  sqrt,
  square,
  sum,
  type Tensor,
  tanh,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { chain } from '../../layers/chain.ts';
import { Embedding } from '../../layers/embedding.ts';
import { Linear } from '../../layers/linear.ts';
import { paddingMask, tokenMask } from '../../layers/masks.ts';
import type { RandomOption } from '../../layers/options.ts';
import { MeanPool } from '../../layers/pooling.ts';
import { sinusoidalPositions } from '../../layers/positions.ts';
import { TransformerBlock } from '../../layers/transformer-block.ts';
import type { SentencePieceTokenizer } from '../../tokenizer/sentence-piece.ts';
import { tooLong } from '../text-encoder.ts';
import { padTokens } from './pad-tokens.ts';

/** Longer texts are cut, as in the published graph. */
const sentenceEncoderMaxTokens = 128;
const vocabulary = 8002;
const embeddingWidth = 256;
/** Width of the blocks and of the output. */
export const sentenceEncoderWidth = 512;
const epsilon = 1e-6;
const smallestSquare = 1e-12;

export interface SentenceEncoderOptions extends RandomOption {
  /** Adds a linear classifier `head` over the pooled output; the model then returns logits. */
  readonly classes?: number;
}

/**
 * Universal Sentence Encoder lite (Cer et al. 2018, arXiv:1803.11175): two pre-norm transformer blocks, 256 to 512
 * wide with 4 heads, mean over tokens, a tanh layer. 6.98 M parameters, all of which may train.
 *
 * Input: int32 token ids `[batch, tokens]`, padded at the end with -1 (`tokenize`). At most 128 tokens.
 * Output: unit vectors `[batch, 512]`; with `classes`, logits `[batch, classes]` of the tanh layer's output, which is
 * better conditioned for a classifier than its unit vector.
 */
export class SentenceEncoder extends Module<[ids: Tensor]> {
  readonly embedding: Embedding;
  readonly positions: BufferTensor;
  readonly layers: readonly TransformerBlock[];
  readonly pool = new MeanPool();
  readonly projection: Linear;
  /** Classifier; may be replaced before the model is attached to a stack. */
  head: Linear | undefined;
  /** Set by `loadSentenceEncoder`. */
  tokenizer: SentencePieceTokenizer | undefined;

  constructor(options: SentenceEncoderOptions = {}) {
    super();
    const { random, classes } = options;
    this.embedding = new Embedding(vocabulary, embeddingWidth, { random });
    this.positions = new BufferTensor({ shape: [sentenceEncoderMaxTokens, embeddingWidth], make: positionTable });
    this.layers = [embeddingWidth, sentenceEncoderWidth].map(
      (inputWidth) =>
        new TransformerBlock({
          width: sentenceEncoderWidth,
          inputWidth,
          heads: 4,
          hidden: 1536,
          activation: 'relu',
          epsilon,
          random,
        }),
    );
    this.projection = new Linear(sentenceEncoderWidth, sentenceEncoderWidth, { random });
    this.head = classes === undefined ? undefined : new Linear(sentenceEncoderWidth, classes, { random });
  }

  override forward(ids: Tensor): Tensor {
    const tokens = ids.shape[1] as number;
    if (tokens > sentenceEncoderMaxTokens) throw tooLong(tokens, sentenceEncoderMaxTokens);
    const mask = tokenMask(ids);
    const seen = paddingMask(mask);
    const vectors = this.embedding.call(ids);
    // The published graph adds the embedding to itself plus the timing signal.
    let x = add(mul(vectors, 2), slice(this.positions.read(), 0, tokens));
    x = chain(this.layers, x, seen);
    const pooled = tanh(this.projection.call(this.pool.call(x, mask)));
    return this.head ? this.head.call(pooled) : unit(pooled);
  }

  /**
   * Token ids of texts, int32 `[batch, longest]`, padded with -1 and cut at 128.
   * @throws TapgradError `TOKENIZER_MISSING` on a model that was not loaded with one
   */
  tokenize(texts: readonly string[]): Tensor {
    const { tokenizer } = this;
    if (!tokenizer) {
      throw new TapgradError({
        code: 'TOKENIZER_MISSING',
        message: 'this SentenceEncoder has no tokenizer',
        fix: 'load the model with loadSentenceEncoder, or assign model.tokenizer',
      });
    }
    return padTokens(
      texts.map((text) => tokenizer.encode(text)),
      sentenceEncoderMaxTokens,
    );
  }

  /** What the model gives for texts: unit vectors `[texts, 512]`, or logits. */
  embed(texts: readonly string[]): Tensor {
    return tidy(() => this.call(this.tokenize(texts)));
  }
}

function positionTable(): Tensor {
  return tensor(sinusoidalPositions(sentenceEncoderMaxTokens, embeddingWidth, 'halves'), [
    sentenceEncoderMaxTokens,
    embeddingWidth,
  ]);
}

function unit(x: Tensor): Tensor {
  return div(x, sqrt(maximum(sum(square(x), -1, true), smallestSquare)));
}
