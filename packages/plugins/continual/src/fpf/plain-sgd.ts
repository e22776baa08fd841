import type { Optimizer, Parameter } from '@tapgrad/core';
import { add, keep, mul, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** v ← μ v + g; p ← p − η v. Its velocities start at zero and live as long as it does. */
export class PlainSgd implements Pick<Optimizer, 'step' | 'dispose'> {
  private readonly velocities = new Map<string, Tensor>();

  constructor(private readonly options: { readonly learningRate: number; readonly momentum: number }) {}

  step(parameters: ReadonlyMap<string, Parameter>, gradients: ReadonlyMap<string, Tensor>): void {
    const { learningRate } = this.options;
    for (const [name, parameter] of parameters) {
      const gradient = gradients.get(name);
      if (!gradient) continue;
      tidy(() => parameter.assign(sub(parameter.variable, mul(this.direction(name, gradient), learningRate))));
    }
  }

  dispose(): void {
    for (const each of this.velocities.values()) each.dispose();
    this.velocities.clear();
  }

  private direction(name: string, gradient: Tensor): Tensor {
    const { momentum } = this.options;
    if (momentum === 0) return gradient;
    const before = this.velocities.get(name);
    const velocity = keep(before ? add(mul(before, momentum), gradient) : mul(gradient, 1));
    before?.dispose();
    this.velocities.set(name, velocity);
    return velocity;
  }
}
