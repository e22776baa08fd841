import { Module, type RandomStream } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { relu, type Tensor } from '@tensorflow/tfjs-core';
import { unitRows } from '../base/unit-rows.ts';

/** g: linear layers with ReLU between them, features `[rows, width]` to unit rows `[rows, last]`. */
export class Projection extends Module {
  readonly layers: readonly Linear[];

  constructor(width: number, widths: readonly number[], random: RandomStream) {
    super();
    this.layers = widths.map((to, i) => new Linear(i === 0 ? width : (widths[i - 1] as number), to, { random }));
  }

  override forward(features: Tensor): Tensor {
    const projected = this.layers.reduce((x, layer, i) => layer.call(i === 0 ? x : relu(x)), features);
    return unitRows(projected);
  }
}
