import { attention, Module, type RandomStream } from '@tapgrad/core';
import { Embedding, Linear, RMSNorm } from '@tapgrad/nn';
import { add, matMul, mul, relu, reshape, type Tensor, tensor, transpose } from '@tensorflow/tfjs-core';
import type { PruningStep } from './pruning-step.ts';
import { divided, type Narrowable, type NarrowOptions, type SideBlock } from './side-block.ts';

interface T5Sizes {
  readonly width: number;
  readonly hidden: number;
  readonly headWidth: number;
  readonly heads: number;
}

interface T5Options extends T5Sizes {
  readonly vocabularySize: number;
  readonly layers: number;
}

/** T5-base (Raffel et al. 2020, arXiv:1910.10683), version 1.0, with the 32,100 rows that its vocabulary fills. */
export const t5Base: T5Options = {
  vocabularySize: 32_100,
  width: 768,
  hidden: 3072,
  headWidth: 64,
  heads: 12,
  layers: 12,
};

const buckets = 32;
const farthest = 128;

/** Number of the bucket for a key `distance` tokens behind (negative) or ahead of its query. */
function bucket(distance: number, causal: boolean): number {
  const count = causal ? buckets : buckets / 2;
  const start = !causal && distance > 0 ? count : 0;
  const length = causal ? Math.max(-distance, 0) : Math.abs(distance);
  const exact = count / 2;
  if (length < exact) return start + length;
  const share = Math.log(length / exact) / Math.log(farthest / exact);
  return start + Math.min(exact + Math.floor(share * (count - exact)), count - 1);
}

/** A learned score for each distance and head, shared by the blocks of a stack: `[1, heads, tokens, tokens]`. */
class RelativeBias extends Module<[tokens: number]> {
  readonly table: Embedding;

  constructor(
    readonly heads: number,
    readonly causal: boolean,
    random: RandomStream,
  ) {
    super();
    this.table = new Embedding(buckets, heads, { random });
  }

  override forward(tokens: number): Tensor {
    const ids = Int32Array.from({ length: tokens ** 2 }, (_, i) =>
      bucket((i % tokens) - Math.floor(i / tokens), this.causal),
    );
    const scores = this.table.call(tensor(ids, [tokens, tokens], 'int32'));
    return reshape(transpose(scores, [2, 0, 1]), [1, this.heads, tokens, tokens]);
  }
}

class T5Attention extends Module<[x: Tensor, memory: Tensor, bias: Tensor | undefined]> {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;

  constructor(
    { width, headWidth, heads }: T5Sizes,
    private readonly causal: boolean,
    random: RandomStream,
  ) {
    super();
    const linear = (from: number, to: number) => new Linear(from, to, { bias: false, random });
    this.query = linear(width, heads * headWidth);
    this.key = linear(width, heads * headWidth);
    this.value = linear(width, heads * headWidth);
    this.output = linear(heads * headWidth, width);
    this.heads = heads;
  }

  private readonly heads: number;

  override forward(x: Tensor, memory: Tensor, bias: Tensor | undefined): Tensor {
    const [q, k, v] = [this.query.call(x), this.key.call(memory), this.value.call(memory)];
    return this.output.call(attention(q, k, v, { heads: this.heads, mask: bias, causal: this.causal, scale: 1 }));
  }
}

interface T5BlockOptions extends T5Sizes {
  readonly decoder: boolean;
  /** Of the stack; made anew if it is missing. */
  readonly relative: RelativeBias | undefined;
  readonly random: RandomStream;
}

/** Pre-norm block without biases; that of a decoder attends to a memory as well. */
class T5Block extends Module<[x: Tensor, memory?: Tensor]> implements Narrowable {
  readonly norm1: RMSNorm;
  readonly self: T5Attention;
  readonly norm2: RMSNorm | undefined;
  readonly cross: T5Attention | undefined;
  readonly norm3: RMSNorm;
  readonly up: Linear;
  readonly down: Linear;
  readonly relative: RelativeBias;
  readonly width: number;
  readonly inputWidth: number;

  constructor(private readonly options: T5BlockOptions) {
    super();
    const { width, hidden, heads, decoder, random } = options;
    this.width = width;
    this.inputWidth = width;
    this.relative = options.relative ?? new RelativeBias(heads, decoder, random);
    this.norm1 = new RMSNorm(width);
    this.self = new T5Attention(options, decoder, random);
    this.norm2 = decoder ? new RMSNorm(width) : undefined;
    this.cross = decoder ? new T5Attention(options, false, random) : undefined;
    this.norm3 = new RMSNorm(width);
    this.up = new Linear(width, hidden, { bias: false, random });
    this.down = new Linear(hidden, width, { bias: false, random });
  }

  override forward(x: Tensor, memory?: Tensor): Tensor {
    const first = this.norm1.call(x);
    let y = add(x, this.self.call(first, first, this.relative.call(x.shape[1] as number)));
    if (this.cross && this.norm2) y = add(y, this.cross.call(this.norm2.call(y), memory as Tensor, undefined));
    return add(y, this.down.call(relu(this.up.call(this.norm3.call(y)))));
  }

  narrowed(reduction: number, { random, previous }: NarrowOptions): SideBlock {
    const { width, hidden, headWidth, heads, decoder } = this.options;
    const sizes = {
      width: divided(width, reduction, 1),
      hidden: divided(hidden, reduction, 1),
      headWidth: divided(headWidth, reduction, 1),
      heads,
    };
    const relative = (previous as T5Block | undefined)?.relative;
    return new T5Block({ ...sizes, decoder, relative, random }) as unknown as SideBlock;
  }

  finalNorm(width: number): RMSNorm {
    return new RMSNorm(width);
  }

  pruning(): PruningStep[] {
    const attend = (name: string): PruningStep[] => [
      { kind: 'joint', layers: [`${name}.query`, `${name}.key`, `${name}.value`] },
      { kind: 'joint', layers: [`${name}.output`] },
    ];
    const norm = (name: string): PruningStep => ({ kind: 'norm', layer: name });
    return [
      { kind: 'copy', parameter: 'relative.table.weight' },
      norm('norm1'),
      ...attend('self'),
      ...(this.cross ? [norm('norm2'), ...attend('cross')] : []),
      norm('norm3'),
      { kind: 'joint', layers: ['up'] },
      { kind: 'joint', layers: ['down'] },
    ];
  }
}

class T5Stack extends Module<[x: Tensor, memory?: Tensor]> {
  readonly layers: readonly T5Block[];
  readonly norm: RMSNorm;

  constructor(options: T5Options, decoder: boolean, random: RandomStream) {
    super();
    const relative = new RelativeBias(options.heads, decoder, random);
    this.layers = Array.from({ length: options.layers }, () => new T5Block({ ...options, decoder, relative, random }));
    this.norm = new RMSNorm(options.width);
  }

  override forward(x: Tensor, memory?: Tensor): Tensor {
    return this.norm.call(this.layers.reduce((value, layer) => layer.call(value, memory), x));
  }
}

/** Scores of all tokens by the token table itself, rescaled: tied embeddings. */
class TiedHead extends Module {
  constructor(readonly table: Embedding) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const [batch, tokens, width] = x.shape as [number, number, number];
    const scaled = mul(x, 1 / Math.sqrt(width));
    const scores = matMul(reshape(scaled, [-1, width]), this.table.weight.read(), false, true);
    return reshape(scores, [batch, tokens, -1]);
  }
}

/** Token ids `[batch, tokens]` and those to go on from `[batch, decoderTokens]`, to scores of the next ones. */
export class T5 extends Module<[ids: Tensor, decoderIds: Tensor]> {
  readonly shared: Embedding;
  readonly encoder: T5Stack;
  readonly decoder: T5Stack;
  readonly head: TiedHead;

  constructor(options: T5Options, random: RandomStream) {
    super();
    this.shared = new Embedding(options.vocabularySize, options.width, { random });
    this.encoder = new T5Stack(options, false, random);
    this.decoder = new T5Stack(options, true, random);
    this.head = new TiedHead(this.shared);
  }

  override forward(ids: Tensor, decoderIds: Tensor): Tensor {
    const memory = this.encoder.call(this.shared.call(ids));
    return this.head.call(this.decoder.call(this.shared.call(decoderIds), memory));
  }
}
