import { customRule, type Parameter } from '@tapgrad/core';
import { addN, mul, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import type { Anchors } from './anchors.ts';
import { corner } from './grown.ts';

/**
 * Σ F (θ − θ*)², the pull of elastic weights (Kirkpatrick et al. 2017, eq. 3, without λ / 2). One node on the tape that saves
 * nothing but the parameter, which is alive anyway.
 * @param importance F, of the shape of θ
 * @param anchor θ*
 */
export function quadraticPenalty(theta: Tensor, importance: Tensor, anchor: Tensor): Tensor {
  return penalty({ theta }, { importance, anchor });
}

const penalty = customRule<'theta', { readonly importance: Tensor; readonly anchor: Tensor }>({
  name: 'continual.QuadraticPenalty',
  inputs: ['theta'],
  forward: ({ theta }, { importance, anchor }) => sum(mul(importance, square(sub(theta as Tensor, anchor)))),
  saves: () => ['theta'],
  backward: ({ dy, saved, attrs: { importance, anchor } }) => ({
    theta: () => mul(mul(dy, 2), mul(importance, sub(saved.theta, anchor))),
  }),
});

/** The sum over all parameters that have an importance; what was added since is free. Undefined if there is none. */
export function penaltyOf(
  parameters: ReadonlyMap<string, Parameter>,
  importance: Anchors,
  anchors: Anchors,
): Tensor | undefined {
  const terms = [...importance.all].flatMap(([name, weight]) => {
    const [theta, anchor] = [parameters.get(name)?.variable, anchors.get(name)];
    if (!theta || !anchor) return [];
    return [quadraticPenalty(corner(theta, weight.shape), weight, corner(anchor, weight.shape))];
  });
  return terms.length > 0 ? addN(terms) : undefined;
}
