import type { OpSpec } from '../op-spec.ts';
import { binarySpecs } from './binary.ts';
import { convSpecs } from './conv.ts';
import { cumulativeSpecs } from './cumulative.ts';
import { einsumSpecs } from './einsum.ts';
import { elementwiseSpecs } from './elementwise.ts';
import { activationSpecs } from './elementwise-activation.ts';
import { fftSpecs } from './fft.ts';
import { fusedConvSpecs } from './fused-conv.ts';
import { gatherSpecs } from './gather.ts';
import { imageSpecs } from './image.ts';
import { matmulSpecs } from './matmul.ts';
import { normalizeSpecs } from './normalize.ts';
import { notDifferentiableSpecs } from './not-differentiable.ts';
import { ownOpSpecs } from './own-ops/index.ts';
import { poolSpecs } from './pool.ts';
import { reduceSpecs } from './reduce.ts';
import { complexSpecs as complexPartSpecs, selectAndCastSpecs } from './select-cast.ts';
import { shapeSpecs } from './shape.ts';
import { sliceSpecs } from './shape-slice.ts';

/** One row for every kernel that has a gradient rule and every own op, for backends with real tensors alone. */
export const realOpSpecs: readonly OpSpec[] = [
  ...elementwiseSpecs,
  ...activationSpecs,
  ...binarySpecs,
  ...matmulSpecs,
  ...reduceSpecs,
  ...shapeSpecs,
  ...sliceSpecs,
  ...selectAndCastSpecs,
  ...convSpecs,
  ...fusedConvSpecs,
  ...poolSpecs,
  ...normalizeSpecs,
  ...imageSpecs,
  ...gatherSpecs,
  ...cumulativeSpecs,
  ...einsumSpecs,
  ...notDifferentiableSpecs,
  ...ownOpSpecs,
];

/** Rows of the kernels over complex numbers, which not every backend has. */
export const complexSpecs: readonly OpSpec[] = [...complexPartSpecs, ...fftSpecs];

/** Every row. */
export const opSpecs: readonly OpSpec[] = [...realOpSpecs, ...complexSpecs];
