import { mean, mul, square, sub, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { gelu } from '../ops/activations.ts';
import { linear } from '../ops/linear.ts';
import { randomStream } from '../random.ts';
import type { Optimizer } from './optimizer.ts';

/** Models and an optimizer for this package's tests, which can import nothing of the project's other packages. */
export class Dense extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inputs: number, outputs: number, seed: number) {
    super();
    const values = randomStream(seed, 'dense').normal(inputs * outputs, 0, 0.5);
    this.weight = new Parameter(tensor(values, [inputs, outputs]));
    this.bias = new Parameter(tensor(new Float32Array(outputs), [outputs]));
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight.read(), this.bias.read());
  }
}

export class Mlp extends Module {
  readonly layers = [new Dense(3, 4, 1), new Dense(4, 2, 2)];

  forward(x: Tensor): Tensor {
    return (this.layers[1] as Dense).call(gelu((this.layers[0] as Dense).call(x)));
  }
}

export function meanSquaredError(outputs: unknown, batch: { readonly targets?: unknown }): Tensor {
  return mean(square(sub(outputs as Tensor, batch.targets as Tensor)));
}

export function plainSgd(learningRate = 0.1): Optimizer {
  return {
    learningRate,
    step(parameters, gradients) {
      for (const [name, parameter] of parameters) {
        const gradient = gradients.get(name);
        if (gradient) tidy(() => parameter.assign(sub(parameter.variable, mul(gradient, this.learningRate))));
      }
    },
    state: () => new Map(),
    counters: () => ({}),
    loadState() {},
    dispose() {},
  };
}
