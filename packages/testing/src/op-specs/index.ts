import type { OpSpec } from '../op-spec.ts';
import { binarySpecs } from './binary.ts';
import { elementwiseSpecs } from './elementwise.ts';
import { activationSpecs } from './elementwise-activation.ts';
import { matmulSpecs } from './matmul.ts';
import { notDifferentiableSpecs } from './not-differentiable.ts';
import { reduceSpecs } from './reduce.ts';
import { complexSpecs, selectAndCastSpecs } from './select-cast.ts';
import { shapeSpecs } from './shape.ts';
import { sliceSpecs } from './shape-slice.ts';

/** One row for every kernel that has a gradient rule, for backends with real tensors alone. */
export const realOpSpecs: readonly OpSpec[] = [
  ...elementwiseSpecs,
  ...activationSpecs,
  ...binarySpecs,
  ...matmulSpecs,
  ...reduceSpecs,
  ...shapeSpecs,
  ...sliceSpecs,
  ...selectAndCastSpecs,
  ...notDifferentiableSpecs,
];

/** Every row. */
export const opSpecs: readonly OpSpec[] = [...realOpSpecs, ...complexSpecs];

export { complexSpecs };
