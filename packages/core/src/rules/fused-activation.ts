/** What the fused kernels (matmul, conv, depthwise conv) share: the gradient back through their activation. */
import {
  add,
  cast,
  greater,
  less,
  logicalAnd,
  minimum,
  mul,
  step,
  sub,
  type Tensor,
  where,
} from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { sumTo } from './broadcast.ts';

/** Attributes by which a fused kernel names its activation. */
export interface ActivationAttributes {
  readonly activation?: string | null;
  readonly leakyreluAlpha?: number;
}

/** What the derivative of a fused activation is read from. */
export type ActivationSource = 'nothing' | 'output' | 'preactivation';

/**
 * `output` where the sign or value of `y` tells the slope. `preactivation` where it does not (learned or negative
 * slopes): the kernel's operands are then saved and the preactivation is computed again.
 */
export function activationSource({ activation, leakyreluAlpha = 0.2 }: ActivationAttributes): ActivationSource {
  if (!activation || activation === 'linear') return 'nothing';
  if (activation === 'prelu' || (activation === 'leakyrelu' && leakyreluAlpha < 0)) return 'preactivation';
  return 'output';
}

/** `dz = dy · act'(z)`. `source` is `y` or `z`, as `activationSource` says; a thunk, not called for linear. */
export function throughActivation(
  dy: Tensor,
  attrs: ActivationAttributes,
  source: () => Tensor,
  slopes?: Tensor,
): Tensor {
  const { activation, leakyreluAlpha = 0.2 } = attrs;
  switch (activation ?? 'linear') {
    case 'linear':
      return dy;
    case 'relu':
      return mul(dy, step(source()));
    case 'relu6': {
      const y = source();
      return mul(dy, cast(logicalAnd(greater(y, 0), less(y, 6)), 'float32'));
    }
    case 'elu':
      return mul(dy, add(minimum(source(), 0), 1));
    case 'sigmoid': {
      const y = source();
      return mul(dy, mul(y, sub(1, y)));
    }
    case 'leakyrelu':
      return mul(dy, step(source(), leakyreluAlpha));
    case 'prelu':
      if (slopes) return where(greater(source(), 0), dy, mul(dy, slopes));
  }
  throw new TapgradError({
    code: 'RULE_MISSING',
    message: `fused activation ${activation} has no gradient`,
    fix: 'apply the activation as an op of its own',
  });
}

/** Gradient of prelu's slopes, from the gradient of the output and the preactivation. */
export function slopeGradient(dy: Tensor, z: Tensor, shape: readonly number[]): Tensor {
  return sumTo(mul(dy, minimum(z, 0)), shape);
}
