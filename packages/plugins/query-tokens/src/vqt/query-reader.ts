import { attention, detach, Module, type Parameter, type RandomStream } from '@tapgrad/core';
import { Dropout, initializers, promptBound, seenByAny } from '@tapgrad/nn';
import { add, type Tensor, zeros } from '@tensorflow/tfjs-core';
import type { QueriedBlock } from './queryable-block.ts';
import { readAttention } from './read-attention.ts';

/** What queries read of a block in one forward, all `[batch, tokens, …]` and without a gradient. */
export interface BlockMemory {
  readonly key: Tensor;
  readonly value: Tensor;
  /** What key and value are projected from. */
  readonly from: Tensor;
  readonly mask: Tensor | undefined;
}

export interface ReaderOptions {
  readonly count: number;
  readonly dropout: number;
  readonly keep: 'memory' | 'recompute';
  readonly patchSize: number;
  readonly random: RandomStream;
}

/**
 * The queries of one block, and their way through it with its own frozen modules: as rows beside its tokens, which they
 * see and which do not see them. To `[batch, count, width]`. Nothing but these rows is recorded.
 */
export class QueryReader extends Module<[memory: BlockMemory]> {
  /** `[count, inputWidth]` */
  readonly tokens: Parameter;
  readonly dropout: Dropout;
  /** Functions, as the block's modules are no children of this one. */
  private readonly queried: () => QueriedBlock;

  constructor(
    queried: QueriedBlock,
    private readonly options: ReaderOptions,
  ) {
    super();
    const { count, patchSize, dropout, random } = options;
    const bound = promptBound(patchSize, queried.inputWidth);
    this.tokens = initializers.initialParameter(
      [count, queried.inputWidth],
      initializers.uniform(-bound, bound),
      random,
    );
    this.dropout = new Dropout(dropout);
    this.queried = () => queried;
  }

  override forward(memory: BlockMemory): Tensor {
    const { block } = this.queried();
    const rows = this.dropout.call(add(zeros([memory.key.shape[0] as number, 1, 1]), this.tokens.read()));
    return block.around(rows, (normed) =>
      block.attention.output.call(this.attend(block.attention.queriesOf(normed), memory)),
    );
  }

  private attend(query: Tensor, memory: BlockMemory): Tensor {
    const { attention: attended } = this.queried().block;
    const { heads } = attended;
    const [key, value, from] = [detach(memory.key), detach(memory.value), detach(memory.from)];
    const mask = memory.mask && detach(seenByAny(memory.mask));
    if (this.options.keep === 'memory') return attention(query, key, value, { heads, mask });
    const project = (source: Tensor) => attended.keysAndValuesOf(source);
    return readAttention({ q: query, k: key, v: value, from, mask }, { heads, project });
  }
}

/** The queries of all blocks, in the order of the model. */
export class QueryReaders extends Module<[layer: number, memory: BlockMemory]> {
  constructor(readonly layers: readonly QueryReader[]) {
    super();
  }

  override forward(layer: number, memory: BlockMemory): Tensor {
    return (this.layers[layer] as QueryReader).call(memory);
  }
}
