import { Module, Parameter, type RandomStream } from '@tapgrad/core';
import { Dropout, LayerNorm, Linear, paddingMask } from '@tapgrad/nn';
import { concat, relu, reshape, scalar, slice, type Tensor, tensor, tile } from '@tensorflow/tfjs-core';
import { TemporalDecoder } from './decoder.ts';
import type { TowerFeatures } from './features.ts';
import { attentionPool, guided, recur, spatialPool } from './math.ts';
import type { CheckedR2Options } from './options.ts';

/** Φ: norm, dropout, linear, ReLU, norm, dropout, linear: features of a tower to C. */
class Mapping extends Module {
  readonly norm1: LayerNorm;
  readonly linear1: Linear;
  readonly norm2: LayerNorm;
  readonly linear2: Linear;
  readonly dropout: Dropout;

  constructor(from: number, to: number, rate: number, random: RandomStream) {
    super();
    this.norm1 = new LayerNorm(from);
    this.linear1 = new Linear(from, to, { random });
    this.norm2 = new LayerNorm(to);
    this.linear2 = new Linear(to, to, { random });
    this.dropout = new Dropout(rate);
  }

  override forward(x: Tensor): Tensor {
    const hidden = relu(this.linear1.call(this.dropout.call(this.norm1.call(x))));
    return this.linear2.call(this.dropout.call(this.norm2.call(hidden)));
  }
}

/** Query of one vector: `Σ softmax(w · q) q` over real words. */
export class QueryPool extends Module<[words: Tensor, seen: Tensor | undefined]> {
  readonly score: Linear;

  constructor(width: number, random: RandomStream) {
    super();
    this.score = new Linear(width, 1, { random, bias: false });
  }

  override forward(words: Tensor, seen: Tensor | undefined): Tensor {
    return attentionPool(words, this.score.call(words), seen);
  }
}

/** What the recurrence leaves. Lists are by layer, the shallowest first. */
export interface Recurrence {
  /** `[batch, clips, C]` */
  readonly state: Tensor;
  /** Mapped class tokens, `[batch, clips, C]` a layer. */
  readonly cls: readonly Tensor[];
  /** Mapped words, `[batch, words, C]` a layer. */
  readonly words: readonly Tensor[];
}

/** The block that is applied K times, from the last layer backwards, with the same weights. */
export class R2Block extends Module<[features: TowerFeatures], Recurrence> {
  readonly video: Mapping;
  readonly query: Mapping;
  /** W_q and W_v. */
  readonly poolQuery: Linear;
  readonly poolKey: Linear;
  /** s_i, by layer. */
  readonly scales: readonly Parameter[];
  /** g_i, by layer; the last layer has none. */
  readonly gates: readonly Parameter[];
  readonly decoder: TemporalDecoder;

  constructor(
    widths: { readonly video: number; readonly query: number },
    private readonly options: CheckedR2Options,
    random: RandomStream,
  ) {
    super();
    const { width, dropout, layers } = options;
    // Two features more: where a clip begins and ends.
    this.video = new Mapping(widths.video + 2, width, dropout, random);
    this.query = new Mapping(widths.query, width, dropout, random);
    this.poolQuery = new Linear(width, width, { random, bias: false });
    this.poolKey = new Linear(width, width, { random, bias: false });
    const zero = () => new Parameter({ shape: [], make: () => scalar(0) });
    this.scales = Array.from({ length: layers }, zero);
    this.gates = Array.from({ length: layers - 1 }, zero);
    this.decoder = new TemporalDecoder({ ...options, random });
  }

  override forward({ video, query, words: seen, clips }: TowerFeatures): Recurrence {
    const [wordMask, clipMask] = [seen && paddingMask(seen), clips && paddingMask(clips)];
    const inMaximum = this.options.variant === 'paper' ? seen : undefined;
    const [allCls, allWords]: [Tensor[], Tensor[]] = [[], []];
    let state: Tensor | undefined;
    for (let layer = video.length - 1; layer >= 0; layer--) {
      const patches = this.video.call(withEndpoints(video[layer] as Tensor));
      const words = this.query.call(query[layer] as Tensor);
      const cls = classToken(patches);
      const pooled = spatialPool(words, patches, this.poolQuery.call(words), this.poolKey.call(patches), inMaximum);
      const e = guided(cls, pooled, (this.scales[layer] as Parameter).read());
      const mixed = state ? recur(e, state, (this.gates[layer] as Parameter).read()) : e;
      state = this.decoder.call(mixed, words, wordMask, clipMask);
      allCls.unshift(cls);
      allWords.unshift(words);
    }
    return { state: state as Tensor, cls: allCls, words: allWords };
  }
}

/** Every patch is told when its clip begins and ends, as shares of the video: `[batch, clips, patches, width + 2]`. */
function withEndpoints(video: Tensor): Tensor {
  const [batch, clips, patches] = video.shape as [number, number, number, number];
  const times = Array.from({ length: clips }, (_, t) => [t / clips, (t + 1) / clips]).flat();
  return concat([video, tile(tensor(times, [1, clips, 1, 2]), [batch, 1, patches, 1])], -1);
}

function classToken(patches: Tensor): Tensor {
  const [batch, clips, , width] = patches.shape as [number, number, number, number];
  return reshape(slice(patches, [0, 0, 0, 0], [batch, clips, 1, width]), [batch, clips, width]);
}
