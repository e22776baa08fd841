import type { plan } from '@tapgrad/backend-meta';
import type { Module, Plugin } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

type PlanOptions = NonNullable<Parameters<typeof plan<Tensor>>[3]>;

/** A model at the shape of a paper, and the methods that its paper or others train it by. */
export interface HeadlineCase {
  readonly shape: string;
  model(): Module<never, Tensor>;
  readonly batch: Parameters<typeof plan>[2];
  readonly loss?: PlanOptions['loss'];
  /** What each method attaches; `full` comes first. It may freeze parts of the model that it is given. */
  readonly methods: Readonly<Record<string, (model: Module<never, Tensor>) => readonly (Plugin | readonly Plugin[])[]>>;
}
