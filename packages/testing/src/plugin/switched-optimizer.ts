import type { Optimizer, Parameter } from '@tapgrad/core';
import { clone, keep, type Tensor } from '@tensorflow/tfjs-core';
import { type Values, valuesOf } from './values.ts';

type Step = Optimizer['step'];

/** An optimizer that can be told to collect the gradients of a step in place of updating with them, or to fail. */
export class SwitchedOptimizer implements Optimizer {
  failing: Error | undefined;
  private collected: Map<string, Tensor> | undefined;

  constructor(private readonly inner: Optimizer) {}

  get learningRate(): number {
    return this.inner.learningRate;
  }

  set learningRate(rate: number) {
    this.inner.learningRate = rate;
  }

  /** The gradients that reach the optimizer in the steps that `f` makes; nothing is updated with them. */
  async collect(f: () => Promise<unknown>): Promise<Values> {
    this.collected = new Map();
    try {
      await f();
      return await valuesOf(this.collected);
    } finally {
      for (const each of this.collected.values()) each.dispose();
      this.collected = undefined;
    }
  }

  step(parameters: ReadonlyMap<string, Parameter>, gradients: ReadonlyMap<string, Tensor>): ReturnType<Step> {
    if (this.failing) throw this.failing;
    if (!this.collected) return this.inner.step(parameters, gradients);
    for (const [name, gradient] of gradients) this.collected.set(name, keep(clone(gradient)));
  }

  state(): ReadonlyMap<string, Tensor> {
    return this.inner.state();
  }

  counters(): Readonly<Record<string, number>> {
    return this.inner.counters();
  }

  loadState(...state: Parameters<Optimizer['loadState']>): void {
    this.inner.loadState(...state);
  }

  dispose(): void {
    this.inner.dispose();
  }
}
