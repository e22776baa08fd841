import { Module, type RandomStream } from '@tapgrad/core';
import { reshape, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { Embedding } from '../../layers/embedding.ts';

const buckets = 32;
/** From here on all distances are one. */
const farthest = 128;

/**
 * Number of the bucket for a key `distance` tokens behind (negative) or ahead of its query: near ones have one each, far
 * ones share them logarithmically. Raffel et al. 2020, section 2.1, and their code's `relative_position_bucket`.
 */
export function relativeBucket(distance: number, causal: boolean): number {
  const count = causal ? buckets : buckets / 2;
  const start = !causal && distance > 0 ? count : 0;
  const length = causal ? Math.max(-distance, 0) : Math.abs(distance);
  const exact = count / 2;
  if (length < exact) return start + length;
  const share = Math.log2(length / exact) / Math.log2(farthest / exact);
  return start + Math.min(exact + Math.floor(share * (count - exact)), count - 1);
}

/** A learned score for each distance and head, to add to attention's: `[1, heads, tokens, tokens]`. */
export class RelativeBias extends Module<[tokens: number]> {
  readonly table: Embedding;
  private ids = new Int32Array(0);

  constructor(
    readonly heads: number,
    readonly causal: boolean,
    random?: RandomStream,
  ) {
    super();
    this.table = new Embedding(buckets, heads, { random });
  }

  override forward(tokens: number): Tensor {
    return tidy(() => {
      const scores = this.table.call(tensor(this.idsOf(tokens), [tokens, tokens], 'int32'));
      return reshape(transpose(scores, [2, 0, 1]), [1, this.heads, tokens, tokens]);
    });
  }

  /** Every block of a stack asks for the same. */
  private idsOf(tokens: number): Int32Array {
    if (this.ids.length !== tokens ** 2) {
      this.ids = Int32Array.from({ length: tokens ** 2 }, (_, i) =>
        relativeBucket((i % tokens) - Math.floor(i / tokens), this.causal),
      );
    }
    return this.ids;
  }
}
