import { Module } from '@tapgrad/core';
import { reshape, Tensor } from '@tensorflow/tfjs-core';

/** Frozen features of the last K layers of two towers, the shallowest first: what R2 reads, and what may be cached. */
export interface TowerFeatures {
  /** K times `[batch, clips, patches, width]`, the class token first. */
  readonly video: readonly Tensor[];
  /** K times `[batch, words, width]`. */
  readonly query: readonly Tensor[];
  /** `[batch, words]` of 1 (real) and 0 (padding); without it all are real. */
  readonly words?: Tensor | undefined;
  /** `[batch, clips]`, likewise. */
  readonly clips?: Tensor | undefined;
}

export function isTowerFeatures(value: unknown): value is TowerFeatures {
  if (typeof value !== 'object' || value === null || !('video' in value) || !('query' in value)) return false;
  return [value.video, value.query].every(
    (list) => Array.isArray(list) && list.every((each) => each instanceof Tensor),
  );
}

/** What both towers give by themselves. */
export interface TowerOutputs {
  readonly video: unknown;
  readonly query: unknown;
}

/**
 * A model of two towers: clips `[batch, clips, ...]` go through the video tower one by one, the words through the query
 * tower. Given cached features in place of both inputs, it runs neither: a plugin takes the features from its input.
 */
export class TwoTowers extends Module<[video: Tensor | TowerFeatures, query?: Tensor], TowerOutputs | undefined> {
  constructor(
    readonly video: Module<[Tensor], unknown>,
    readonly query: Module<[Tensor], unknown>,
  ) {
    super();
  }

  override forward(video: Tensor | TowerFeatures, query?: Tensor): TowerOutputs | undefined {
    if (!(video instanceof Tensor)) return undefined;
    const [batch, clips, ...rest] = video.shape as [number, number, ...number[]];
    return {
      video: this.video.call(reshape(video, [batch * clips, ...rest])),
      query: this.query.call(query as Tensor),
    };
  }
}
