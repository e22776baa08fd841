import type { Module, Plugin } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Images or features to logits. */
export type Classifier = Module<[inputs: Tensor]>;

/** One way to train. */
export interface Method<Model extends Classifier = Classifier> {
  readonly name: string;
  /** Learning rates that one is chosen from, by validation. */
  readonly rates: readonly number[];
  /** Says what of a fresh model trains, and returns the plugins to attach. */
  prepare(model: Model): readonly (Plugin | readonly Plugin[])[];
}

/** Everything frozen but what some patterns name. */
export function trainOnly(model: Classifier, ...patterns: readonly string[]): readonly [] {
  model.freeze('**');
  for (const pattern of patterns) model.unfreeze(pattern);
  return [];
}
