import { BufferTensor, Module, type Parameter, TapgradError } from '@tapgrad/core';
import { add, reshape, slice, type Tensor, tanh, tensor, tidy } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { truncatedNormal } from '../initializers/initializers.ts';
import { chain } from '../layers/chain.ts';
import { Dropout } from '../layers/dropout.ts';
import { Embedding } from '../layers/embedding.ts';
import { Linear } from '../layers/linear.ts';
import { paddingMask, tokenMask } from '../layers/masks.ts';
import { checkSizes } from '../layers/options.ts';
import { MeanPool } from '../layers/pooling.ts';
import { sinusoidalPositions } from '../layers/positions.ts';
import { makeNorm, TransformerBlock, type TransformerBlockOptions } from '../layers/transformer-block.ts';

type BlockOptions = Omit<TransformerBlockOptions, 'inputWidth'>;

export interface TextEncoderOptions extends BlockOptions {
  readonly vocabularySize: number;
  readonly layers: number;
  /** Longest input. Default 512. */
  readonly maxTokens?: number;
  /** Default `learned`. */
  readonly positions?: 'learned' | 'sinusoidal' | 'none';
  /** Normalise the sum of token and position vectors, as BERT does. Default: true for post-norm, else false. */
  readonly embeddingNorm?: boolean;
  /** Mean over real tokens, the first token, the first token through a tanh layer (BERT), or all tokens. Default `mean`. */
  readonly pooling?: 'mean' | 'first' | 'first-tanh' | 'none';
  /** Adds a linear classifier over the pooled vector. */
  readonly classes?: number;
  /** Id of the padding token; default: every negative id. `none` says that inputs are never padded, which saves the mask. */
  readonly paddingId?: number | 'none';
}

/**
 * A transformer encoder of token ids: int32 `[batch, tokens]` to `[batch, width]`, `[batch, tokens, width]` with pooling
 * `none`, or logits with `classes`. Vaswani et al. 2017; post-norm with `embeddingNorm` and `first-tanh` is BERT
 * (Devlin et al. 2019). Blocks are `layers.*`.
 */
export class TextEncoder extends Module<[ids: Tensor]> {
  readonly embedding: Embedding;
  readonly positions: Parameter | BufferTensor | undefined;
  readonly embeddingNorm: Module | undefined;
  readonly dropout: Dropout;
  readonly layers: readonly TransformerBlock[];
  readonly norm: Module | undefined;
  readonly pool: MeanPool | undefined;
  readonly pooler: Linear | undefined;
  /** Classifier; may be replaced before the model is attached to a stack. */
  head: Linear | undefined;

  constructor(private readonly options: TextEncoderOptions) {
    super();
    const { vocabularySize, width, layers, maxTokens = 512, norm = 'pre', pooling = 'mean', random } = options;
    checkSizes('TextEncoder', { vocabularySize, width, layers, maxTokens });
    const initializer = options.initializer ?? truncatedNormal(0.02);
    const linear = { random, initializer };
    this.embedding = new Embedding(vocabularySize, width, linear);
    this.positions = makePositions(options, maxTokens);
    this.embeddingNorm = (options.embeddingNorm ?? norm === 'post') ? makeNorm(width, options) : undefined;
    this.dropout = new Dropout(options.dropout ?? 0);
    this.layers = Array.from({ length: layers }, () => new TransformerBlock({ ...options, initializer }));
    this.norm = norm === 'pre' ? makeNorm(width, options) : undefined;
    this.pool = pooling === 'mean' ? new MeanPool() : undefined;
    this.pooler = pooling === 'first-tanh' ? new Linear(width, width, linear) : undefined;
    this.head = options.classes === undefined ? undefined : new Linear(width, options.classes, linear);
  }

  override forward(ids: Tensor): Tensor {
    const { paddingId } = this.options;
    const mask = paddingId === 'none' ? undefined : tokenMask(ids, paddingId);
    const seen = mask && paddingMask(mask);
    const { norm } = this;
    const embedded = (tokens: Tensor) => tidy(() => this.dropout.call(this.embed(tokens)));
    const x = chain<[Tensor | undefined]>([embedded, ...this.layers, norm && ((value) => norm.call(value))], ids, seen);
    const pooled = this.pooled(x, mask);
    return this.head ? this.head.call(pooled) : pooled;
  }

  private embed(ids: Tensor): Tensor {
    const tokens = ids.shape[1] as number;
    let x = this.embedding.call(ids);
    if (this.positions) {
      if (tokens > (this.positions.shape[0] as number)) throw tooLong(tokens, this.positions.shape[0] as number);
      x = add(x, slice(this.positions.read(), 0, tokens));
    }
    return this.embeddingNorm ? this.embeddingNorm.call(x) : x;
  }

  private pooled(x: Tensor, mask: Tensor | undefined): Tensor {
    if (this.pool) return this.pool.call(x, mask);
    if (this.options.pooling === 'none') return x;
    const [batch, , width] = x.shape as [number, number, number];
    const first = reshape(slice(x, [0, 0, 0], [batch, 1, width]), [batch, width]);
    return this.pooler ? tanh(this.pooler.call(first)) : first;
  }
}

function makePositions(options: TextEncoderOptions, maxTokens: number): Parameter | BufferTensor | undefined {
  const { positions = 'learned', width, random, initializer = truncatedNormal(0.02) } = options;
  const shape = [maxTokens, width] as const;
  if (positions === 'learned') return initialParameter(shape, initializer, random);
  if (positions === 'none') return undefined;
  return new BufferTensor({ shape, make: () => tensor(sinusoidalPositions(maxTokens, width), [...shape]) });
}

export function tooLong(tokens: number, limit: number): TapgradError {
  return new TapgradError({
    code: 'TOO_MANY_TOKENS',
    message: `the input has ${tokens} tokens, the model ${limit} positions`,
    fix: 'cut the input, or build the model with more positions',
  });
}
