import { layerNorm, Module, type Parameter, rmsNorm } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { ones, zeros } from '../initializers/initializers.ts';
import { checkSizes } from './options.ts';

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Whether weight and bias exist. Default true. */
  readonly affine?: boolean;
  /** Default: as `affine`. */
  readonly bias?: boolean;
}

/** Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450): `[..., width]` to the same shape. */
export class LayerNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly epsilon: number;

  constructor(
    readonly width: number,
    { epsilon = 1e-5, affine = true, bias = affine }: LayerNormOptions = {},
  ) {
    super();
    checkSizes('LayerNorm', { width });
    this.epsilon = epsilon;
    this.weight = affine ? initialParameter([width], ones) : undefined;
    this.bias = bias ? initialParameter([width], zeros) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight?.read(), this.bias?.read(), this.epsilon);
  }
}

export interface RmsNormOptions {
  /** Added to the mean square. Default 1e-6. */
  readonly epsilon?: number;
  /** Whether the weight exists. Default true. */
  readonly affine?: boolean;
}

/** Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019, arXiv:1910.07467). */
export class RMSNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly epsilon: number;

  constructor(
    readonly width: number,
    { epsilon = 1e-6, affine = true }: RmsNormOptions = {},
  ) {
    super();
    checkSizes('RMSNorm', { width });
    this.epsilon = epsilon;
    this.weight = affine ? initialParameter([width], ones) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight?.read(), this.epsilon);
  }
}
