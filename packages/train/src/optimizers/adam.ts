import type { Parameter } from '@tapgrad/core';
import { add, mul, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { adamStep } from './adam-step.ts';
import { type DecayFilter, decayFilter } from './decay.ts';
import { NamedStateOptimizer, type ParameterState } from './named-state.ts';
import { checkOptions } from './options.ts';
import { type RateFactors, rateFactors } from './rates.ts';

export interface AdamOptions {
  readonly learningRate: number;
  /** Decay rate of the first moment; default 0.9. */
  readonly beta1?: number;
  /** Decay rate of the second moment; default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment; default 1e-8. */
  readonly epsilon?: number;
  /** λ; default 0 for `adam`, 0.01 for `adamw`. */
  readonly weightDecay?: number;
  /** What decays; default: parameters of two or more axes, so neither biases nor norms. */
  readonly decay?: DecayFilter;
  readonly rates?: RateFactors;
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1). `weightDecay` is an L2 penalty here: it is added to the gradient.
 * @throws TapgradError BAD_OPTION
 */
export function adam(options: AdamOptions): NamedStateOptimizer {
  return new Adam('adam', { weightDecay: 0, ...options }, false);
}

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2, as PyTorch writes it): p ← p − ηλp − η·m̂/(√v̂ + ε). The decay does not
 * pass through the moments. Updates are made in place where the backend has the kernel `tapgrad.AdamW`.
 * @throws TapgradError BAD_OPTION
 */
export function adamw(options: AdamOptions): NamedStateOptimizer {
  return new Adam('adamw', { weightDecay: 0.01, ...options }, true);
}

class Adam extends NamedStateOptimizer {
  private readonly beta1: number;
  private readonly beta2: number;
  private readonly epsilon: number;
  private readonly weightDecay: number;
  private readonly decays: ReturnType<typeof decayFilter>;

  constructor(
    name: string,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decay, rates }: AdamOptions,
    private readonly decoupled: boolean,
  ) {
    super(learningRate, ['m', 'v'], rateFactors(name, rates));
    checkOptions(name, {
      learningRate: { value: learningRate },
      beta1: { value: beta1, below: 1 },
      beta2: { value: beta2, below: 1 },
      epsilon: { value: epsilon },
      weightDecay: { value: weightDecay },
    });
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
    this.decays = decayFilter(decay);
  }

  protected update(name: string, parameter: Parameter, gradient: Tensor, { slots, steps }: ParameterState): void {
    const { beta1, beta2, epsilon, decoupled } = this;
    const learningRate = this.rateOf(name);
    const rate = this.weightDecay > 0 && this.decays(name, parameter) ? this.weightDecay : 0;
    const direction = rate > 0 && !decoupled ? add(gradient, mul(parameter.variable, rate)) : gradient;
    const weightDecay = decoupled ? rate : 0;
    adamStep(
      { parameter, gradient: direction, m: slots.get('m') as Variable, v: slots.get('v') as Variable },
      { learningRate, beta1, beta2, epsilon, weightDecay, step: steps },
    );
  }
}
