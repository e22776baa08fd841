import { linear, Module, type Parameter } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { type Initializer, uniform, zeros } from '../initializers/initializers.ts';
import { checkSizes, type RandomOption } from './options.ts';

export interface LinearOptions extends RandomOption {
  /** Default true. */
  readonly bias?: boolean;
  /** Default: uniform in ±1/√in, for weight and bias alike (PyTorch's). */
  readonly initializer?: Initializer;
  /** Default: zeros where `initializer` is given, else as the weight. */
  readonly biasInitializer?: Initializer;
}

/** `y = x · weight + bias`: `[..., in]` to `[..., out]`. The weight is `[in, out]`, tfjs's layout. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    checkSizes('Linear', { inFeatures, outFeatures });
    const bound = 1 / Math.sqrt(inFeatures);
    const initializer = options.initializer ?? uniform(-bound, bound);
    const biasInitializer = options.biasInitializer ?? (options.initializer ? zeros : initializer);
    this.weight = initialParameter([inFeatures, outFeatures], initializer, options.random);
    this.bias = options.bias === false ? undefined : initialParameter([outFeatures], biasInitializer, options.random);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.read(), this.bias?.read());
  }
}
