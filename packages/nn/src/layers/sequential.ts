import { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { chain } from './chain.ts';

/** Modules one after the other; their names are `layers.0`, `layers.1`, … */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: readonly Module[]) {
    super();
    this.layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return chain(this.layers, x);
  }
}
