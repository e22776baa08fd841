import { activatingLinear, type FusibleActivation, Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Initializer } from '../initializers/initializers.ts';
import { type ActivationName, activation, GELU, HardSwish, SiLU } from './activations.ts';
import { chain } from './chain.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import type { RandomOption } from './options.ts';

export interface FeedForwardOptions extends RandomOption {
  readonly width: number;
  readonly hidden: number;
  /** Default: `width`. */
  readonly outputWidth?: number;
  /** Default `gelu`. */
  readonly activation?: ActivationName;
  /** After the activation. Default 0. */
  readonly dropout?: number;
  readonly bias?: boolean;
  readonly initializer?: Initializer;
}

/** Two linear layers, `up` and `down`, with an activation between: `[..., width]` to `[..., outputWidth]`. */
export class FeedForward extends Module {
  readonly up: Linear;
  readonly activation: Module;
  readonly dropout: Dropout;
  readonly down: Linear;

  constructor(options: FeedForwardOptions) {
    super();
    const { width, hidden, outputWidth = width, random, bias = true, initializer } = options;
    const linear = { random, bias, ...(initializer && { initializer }) };
    this.up = new Linear(width, hidden, linear);
    this.activation = activation(options.activation ?? 'gelu');
    this.dropout = new Dropout(options.dropout ?? 0);
    this.down = new Linear(hidden, outputWidth, linear);
  }

  override forward(x: Tensor): Tensor {
    // The widest values of a block go as soon as the next one is made.
    return activatingLinear(fusible(this.activation), () =>
      chain([this.up, this.activation, this.dropout, this.down], x),
    );
  }
}

/** The activation, if a backend may compute it with the product before it. */
function fusible(module: Module): FusibleActivation | undefined {
  if (module instanceof GELU) return { kernel: 'tapgrad.Gelu', approximate: module.approximate };
  if (module instanceof SiLU) return { kernel: 'tapgrad.Silu' };
  return module instanceof HardSwish ? { kernel: 'tapgrad.HardSwish' } : undefined;
}
