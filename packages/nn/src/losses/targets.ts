import { type Batch, TapgradError } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';

/** What a loss or metric compares with: a tensor, or the batch that holds it as `targets`, so that both can be given to `attach`. */
export type Targets = Tensor | Batch;

/** Throws `TARGETS_MISSING` for a batch without a tensor of targets. */
export function targetTensor(given: Targets): Tensor {
  const targets = given instanceof Tensor ? given : given.targets;
  if (targets instanceof Tensor) return targets;
  throw new TapgradError({
    code: 'TARGETS_MISSING',
    message: `the batch has ${targets === undefined ? 'no targets' : 'targets that are no tensor'}`,
    fix: 'give batches as { inputs, targets }, or a loss of your own that reads what they have',
  });
}
