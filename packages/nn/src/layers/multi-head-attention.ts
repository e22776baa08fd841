import {
  attention,
  attentionScores,
  currentRandom,
  dropout,
  Module,
  mergeHeads,
  splitHeads,
  TapgradError,
} from '@tapgrad/core';
import { matMul, softmax, split, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Initializer } from '../initializers/initializers.ts';
import { Linear } from './linear.ts';
import { checkSizes, type RandomOption } from './options.ts';

export interface MultiHeadAttentionOptions extends RandomOption {
  readonly width: number;
  readonly heads: number;
  /** Width of the output. Default: `width`. */
  readonly outputWidth?: number;
  /** Width of the keys' and values' source. Default: `width`; with `separate` projections only. */
  readonly memoryWidth?: number;
  /** One projection for query, key and value together (`qkv`), or three (`query`, `key`, `value`). Default `fused`. */
  readonly projections?: 'fused' | 'separate';
  /** Default true. */
  readonly bias?: boolean;
  /** Token i sees tokens up to i only. Default false. */
  readonly causal?: boolean;
  /** Dropout of attention probabilities in training. Default 0. */
  readonly dropout?: number;
  readonly initializer?: Initializer;
}

/**
 * Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762): `[batch, tokens, width]` to `[batch, tokens, outputWidth]`.
 *
 * Inner tap points: `query`, `key`, `value` `[batch, tokens, width]`, `scores` `[batch, heads, tokens, tokens]` (before
 * softmax) and `context` `[batch, tokens, width]`. One fused op runs unless `scores` is tapped or probabilities drop out.
 *
 * Inputs: x; optionally a mask that is added to the scores, `[batch or 1, heads or 1, tokens or 1, tokens]` (0 to see,
 * -1e9 not to: `paddingMask`); optionally a memory `[batch, memoryTokens, memoryWidth]` to attend to in place of x.
 */
export class MultiHeadAttention extends Module<[x: Tensor, mask?: Tensor | undefined, memory?: Tensor | undefined]> {
  readonly heads: number;
  readonly causal: boolean;
  readonly dropoutRate: number;
  readonly qkv: Linear | undefined;
  readonly query: Linear | undefined;
  readonly key: Linear | undefined;
  readonly value: Linear | undefined;
  readonly output: Linear;

  constructor(options: MultiHeadAttentionOptions) {
    super();
    const { width, heads, projections = 'fused', outputWidth = width, memoryWidth = width, causal = false } = options;
    checkSizes('MultiHeadAttention', { width, heads, outputWidth, memoryWidth });
    if (width % heads !== 0 || (projections === 'fused' && memoryWidth !== width)) {
      throw new TapgradError({
        code: 'BAD_OPTION',
        message: `MultiHeadAttention: width ${width} with ${heads} heads and ${projections} projections of a memory of width ${memoryWidth}`,
        fix: 'make width a multiple of heads; for a memory of another width use separate projections',
      });
    }
    this.heads = heads;
    this.causal = causal;
    this.dropoutRate = options.dropout ?? 0;
    const linear = (from: number, to: number) => new Linear(from, to, linearOptions(options));
    this.qkv = projections === 'fused' ? linear(width, 3 * width) : undefined;
    this.query = projections === 'separate' ? linear(width, width) : undefined;
    this.key = projections === 'separate' ? linear(memoryWidth, width) : undefined;
    this.value = projections === 'separate' ? linear(memoryWidth, width) : undefined;
    this.output = linear(width, outputWidth);
  }

  override innerPoints(): readonly string[] {
    return ['query', 'key', 'value', 'scores', 'context'];
  }

  override forward(x: Tensor, mask?: Tensor, memory?: Tensor): Tensor {
    const [q, k, v] = this.project(x, memory ?? x);
    const query = this.tap('query', q);
    const key = this.tap('key', k);
    const value = this.tap('value', v);
    const dropping = this.training && this.dropoutRate > 0;
    const context =
      dropping || this.tapped('scores')
        ? this.attendOpenly(query, key, value, mask, dropping)
        : attention(query, key, value, { heads: this.heads, mask, causal: this.causal });
    return this.output.call(this.tap('context', context));
  }

  /** Queries of x, before their tap point: `[batch, tokens, width]`. */
  queriesOf(x: Tensor): Tensor {
    return this.query ? this.query.call(x) : tidy(() => split((this.qkv as Linear).call(x), 3, -1)[0] as Tensor);
  }

  /** Keys and values of what is attended to, before their tap points: `[batch, tokens, width]` each. */
  keysAndValuesOf(memory: Tensor): readonly [key: Tensor, value: Tensor] {
    if (this.key && this.value) return [this.key.call(memory), this.value.call(memory)];
    return tidy(() => split((this.qkv as Linear).call(memory), 3, -1).slice(1)) as [Tensor, Tensor];
  }

  private project(x: Tensor, memory: Tensor): readonly [Tensor, Tensor, Tensor] {
    if (!this.qkv || memory !== x) return [this.queriesOf(x), ...this.keysAndValuesOf(memory)];
    return tidy(() => split((this.qkv as Linear).call(x), 3, -1)) as [Tensor, Tensor, Tensor];
  }

  /** The same as the fused op, step by step, so that scores and probabilities can be reached. */
  private attendOpenly(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | undefined, dropping: boolean): Tensor {
    const { heads, causal } = this;
    const scale = 1 / Math.sqrt((query.shape.at(-1) as number) / heads);
    const scores = this.tap('scores', attentionScores(query, key, { heads, scale, causal, mask }));
    const certain = softmax(scores);
    const probabilities = dropping
      ? dropout(certain, this.dropoutRate, currentRandom(`${this.path}:probabilities`))
      : certain;
    return mergeHeads(matMul(probabilities, splitHeads(value, heads)));
  }
}

function linearOptions({ bias, random, initializer }: MultiHeadAttentionOptions) {
  return { random, ...(bias !== undefined && { bias }), ...(initializer && { initializer }) };
}
