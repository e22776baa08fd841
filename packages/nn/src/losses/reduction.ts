import { mean, sum, type Tensor } from '@tensorflow/tfjs-core';

/** How values per example become one: their mean, their sum, or `none`. */
export type Reduction = 'mean' | 'sum' | 'none';

export interface ReductionOption {
  /** Default `mean`. */
  readonly reduction?: Reduction;
}

export function reduce(values: Tensor, reduction: Reduction = 'mean'): Tensor {
  if (reduction === 'mean') return mean(values);
  return reduction === 'sum' ? sum(values) : values;
}
