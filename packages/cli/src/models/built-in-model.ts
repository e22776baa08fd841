import type { BatchDescription } from '@tapgrad/backend-meta';
import type { Module } from '@tapgrad/core';

/** What a batch and a classifier are made by; what does not apply to a model is ignored. */
export interface Sizes {
  readonly batch: number;
  readonly tokens: number;
  /** Tokens that a decoder gets. */
  readonly decoderTokens: number;
  /** Height and width in pixels; undefined: the model's own. */
  readonly image: number | undefined;
  /** undefined: the model's own. */
  readonly classes: number | undefined;
}

/** A model of the command line: its name says its sizes. */
export interface BuiltInModel {
  /** Pattern of the paths of its blocks. */
  readonly blocks: string;
  /** Path of its classifier, and of what makes its scores. */
  readonly head: string;
  /** Classes of the classifier; undefined where plugins must leave the model's own head. */
  classes(sizes: Sizes): number | undefined;
  build(sizes: Sizes): Module<never, unknown>;
  batch(sizes: Sizes): BatchDescription;
  /** Of one batch, in words. */
  describe(sizes: Sizes): string;
}

/** Ids `[batch, tokens]`. */
export function ids(batch: number, tokens: number): { shape: number[]; dtype: 'int32' } {
  return { shape: [batch, tokens], dtype: 'int32' };
}

/** One class for each sample. */
export function labels(batch: number): { shape: number[]; dtype: 'int32' } {
  return { shape: [batch], dtype: 'int32' };
}
