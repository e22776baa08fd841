import { abs, minimum, mul, squaredDifference, sub, type Tensor } from '@tensorflow/tfjs-core';
import { type ReductionOption, reduce } from './reduction.ts';
import { type Targets, targetTensor } from './targets.ts';

/** `(prediction - target)^2`, element by element. Shapes must broadcast; the result is a scalar unless `reduction` is `none`. */
export function meanSquaredError(predictions: Tensor, targets: Targets, options: ReductionOption = {}): Tensor {
  return reduce(squaredDifference(predictions, targetTensor(targets)), options.reduction);
}

/** `|prediction - target|`, element by element. */
export function meanAbsoluteError(predictions: Tensor, targets: Targets, options: ReductionOption = {}): Tensor {
  return reduce(abs(sub(predictions, targetTensor(targets))), options.reduction);
}

export interface HuberOptions extends ReductionOption {
  /** Where the square turns into a line, in units of the target. Default 1. */
  readonly delta?: number;
}

/**
 * `e^2 / 2` for `|e| <= delta`, `delta (|e| - delta / 2)` beyond (Huber 1964).
 * Written as `q (|e| - q / 2)` with `q = min(|e|, delta)`, which needs no branch.
 */
export function huber(predictions: Tensor, targets: Targets, options: HuberOptions = {}): Tensor {
  const error = abs(sub(predictions, targetTensor(targets)));
  const quadratic = minimum(error, options.delta ?? 1);
  return reduce(mul(quadratic, sub(error, mul(quadratic, 0.5))), options.reduction);
}
