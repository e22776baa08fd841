import type { Parameter } from '@tapgrad/core';
import { add, mul, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { type AdamUpdate, adamStep, adamSteps, updatesAllAtOnce } from './adam-step.ts';
import { type DecayFilter, decayFilter } from './decay.ts';
import { NamedStateOptimizer, type ParameterState, type ParameterUpdate } from './named-state.ts';
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
 * pass through the moments. Updates are made in place where the backend has the kernel `tapgrad.AdamW`,
 * all in one call where it has `tapgrad.AdamWAll`.
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

  protected override updateAll(updates: readonly ParameterUpdate[]): void {
    // A penalty's directions are temporaries: they are made one at a time.
    const direct = this.decoupled || this.weightDecay === 0;
    if (!direct || updates.length === 0 || !updatesAllAtOnce()) super.updateAll(updates);
    else tidy(() => adamSteps(updates.map((each) => this.stepOf(each, each.gradient, this.decayOf(each)))));
  }

  protected update(name: string, parameter: Parameter, gradient: Tensor, state: ParameterState): void {
    const each = { name, parameter, gradient, state };
    const decay = this.decayOf(each);
    if (decay === 0 || this.decoupled) adamStep(this.stepOf(each, gradient, decay));
    else adamStep(this.stepOf(each, add(gradient, mul(parameter.variable, decay)), 0));
  }

  private decayOf({ name, parameter }: ParameterUpdate): number {
    return this.weightDecay > 0 && this.decays(name, parameter) ? this.weightDecay : 0;
  }

  private stepOf({ name, parameter, state }: ParameterUpdate, gradient: Tensor, weightDecay: number): AdamUpdate {
    const { beta1, beta2, epsilon } = this;
    const learningRate = this.rateOf(name);
    return {
      operands: { parameter, gradient, m: state.slots.get('m') as Variable, v: state.slots.get('v') as Variable },
      numbers: { learningRate, beta1, beta2, epsilon, weightDecay, step: state.steps },
    };
  }
}
