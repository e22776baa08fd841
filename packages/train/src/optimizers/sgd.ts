import type { Parameter } from '@tapgrad/core';
import { add, mul, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type DecayFilter, decayFilter } from './decay.ts';
import { NamedStateOptimizer, type ParameterState } from './named-state.ts';
import { checkOptions } from './options.ts';
import { type RateFactors, rateFactors } from './rates.ts';

export interface SgdOptions {
  readonly learningRate: number;
  /** Share of the velocity that is kept; default 0. */
  readonly momentum?: number;
  /** Look ahead along the velocity (Sutskever et al. 2013); default false. */
  readonly nesterov?: boolean;
  /** L2 penalty, added to the gradient; default 0. */
  readonly weightDecay?: number;
  /** What the penalty is for; default: parameters of two or more axes. */
  readonly decay?: DecayFilter;
  readonly rates?: RateFactors;
}

/**
 * Stochastic gradient descent as PyTorch writes it: g ← g + λp; b ← μb + g; p ← p − ηb, or p − η(g + μb) with Nesterov.
 * @throws TapgradError BAD_OPTION
 */
export function sgd(options: SgdOptions): NamedStateOptimizer {
  return new Sgd(options);
}

class Sgd extends NamedStateOptimizer {
  private readonly momentum: number;
  private readonly nesterov: boolean;
  private readonly weightDecay: number;
  private readonly decays: ReturnType<typeof decayFilter>;

  constructor({ learningRate, momentum = 0, nesterov = false, weightDecay = 0, decay, rates }: SgdOptions) {
    super(learningRate, momentum > 0 ? ['momentum'] : [], rateFactors('sgd', rates));
    checkOptions('sgd', {
      learningRate: { value: learningRate },
      momentum: { value: momentum, below: 1 },
      weightDecay: { value: weightDecay },
    });
    this.momentum = momentum;
    this.nesterov = nesterov;
    this.weightDecay = weightDecay;
    this.decays = decayFilter(decay);
  }

  protected update(name: string, parameter: Parameter, gradient: Tensor, { slots }: ParameterState): void {
    const { momentum, nesterov, weightDecay } = this;
    const penalised = weightDecay > 0 && this.decays(name, parameter);
    let direction = penalised ? add(gradient, mul(parameter.variable, weightDecay)) : gradient;
    const velocity = slots.get('momentum');
    if (velocity) {
      tidy(() => velocity.assign(add(mul(velocity, momentum), direction)));
      direction = nesterov ? add(direction, mul(velocity, momentum)) : velocity;
    }
    parameter.assign(sub(parameter.variable, mul(direction, this.rateOf(name))));
  }
}
