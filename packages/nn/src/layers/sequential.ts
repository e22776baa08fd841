import { Module } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Modules one after the other; their names are `layers.0`, `layers.1`, … */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: readonly Module[]) {
    super();
    this.layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => layer.call(value), x);
  }
}
