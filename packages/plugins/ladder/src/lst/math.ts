import { customRule } from '@tapgrad/core';
import { add, mul, neg, sigmoid, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

/** Share of the side state in the mixture, μ = σ(α / T): LST (Sung et al. 2022, arXiv:2206.06522), section 3.2. */
export function gate(alpha: Tensor, temperature: number): Tensor {
  return sigmoid(mul(alpha, 1 / temperature));
}

/** Slope of the gate, dμ/dα = μ (1 − μ) / T. At α = 0 with T = 0.1: 2.5. */
export function gateSlope(alpha: Tensor, temperature: number): Tensor {
  const share = gate(alpha, temperature);
  return mul(mul(share, sub(1, share)), 1 / temperature);
}

/**
 * z = μ s + (1 − μ) d: the side state s and the projected backbone state d, both `[batch, tokens, sideWidth]`. One node
 * that saves s − d, and only if the gate trains; exactly s where μ is 1, exactly d where it is 0.
 */
export function fuse(side: Tensor, projected: Tensor, alpha: Tensor, temperature: number): Tensor {
  return fusion({ side, projected, alpha }, { temperature });
}

const fusion = customRule<'side' | 'projected' | 'alpha' | 'difference', { readonly temperature: number }>({
  name: 'ladder.Fuse',
  inputs: ['side', 'projected', 'alpha'],
  aux: ['difference'],
  forward({ side, projected, alpha }, { temperature }) {
    const [s, d, a] = [side, projected, alpha] as [Tensor, Tensor, Tensor];
    return [add(mul(s, gate(a, temperature)), mul(d, gate(neg(a), temperature))), sub(s, d)];
  },
  saves: (need) => ['alpha', need.alpha && 'difference'],
  backward({ dy, saved, attrs: { temperature } }) {
    return {
      side: () => mul(dy, gate(saved.alpha, temperature)),
      projected: () => mul(dy, gate(neg(saved.alpha), temperature)),
      alpha: () => mul(sum(mul(dy, saved.difference)), gateSlope(saved.alpha, temperature)),
    };
  },
});
