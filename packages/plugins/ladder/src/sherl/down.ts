import { Module, type RandomStream } from '@tapgrad/core';
import { BatchNorm2d, LayerNorm, Linear } from '@tapgrad/nn';
import { add, avgPool, maxPool, mul, relu, sigmoid, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { asTokens, ratioOf } from '../base/maps.ts';

/** Down_i: a frozen state to `[batch, tokens, k]`. */
export type Down = 'linear-norm' | 'relu-linear' | 'gated';

/** `LN(W h)`: SHERL beside BERT and MDETR. */
class LinearNorm extends Module {
  readonly linear: Linear;
  readonly norm: LayerNorm;

  constructor(from: number, to: number, random: RandomStream) {
    super();
    this.linear = new Linear(from, to, { random });
    this.norm = new LayerNorm(to);
  }

  override forward(state: Tensor): Tensor {
    return this.norm.call(this.linear.call(state));
  }
}

/** `W ReLU(h)`: SHERL beside CLIP4Clip. */
class ReluLinear extends Module {
  readonly linear: Linear;

  constructor(from: number, to: number, random: RandomStream) {
    super();
    this.linear = new Linear(from, to, { random });
  }

  override forward(state: Tensor): Tensor {
    return this.linear.call(relu(state));
  }
}

/** `u = ReLU(W1 h); (W2 u + u) ⊙ σ(W3 u)`: SHERL beside CLIP-ViL and T5. */
class Gated extends Module {
  readonly linear: Linear;
  readonly residual: Linear;
  readonly gate: Linear;

  constructor(from: number, to: number, random: RandomStream) {
    super();
    this.linear = new Linear(from, to, { random });
    this.residual = new Linear(to, to, { random });
    this.gate = new Linear(to, to, { random });
  }

  override forward(state: Tensor): Tensor {
    const u = relu(this.linear.call(state));
    return mul(add(this.residual.call(u), u), sigmoid(this.gate.call(u)));
  }
}

export function tokenDown(kind: Down, from: number, to: number, random: RandomStream): Module {
  if (kind === 'linear-norm') return new LinearNorm(from, to, random);
  return kind === 'relu-linear' ? new ReluLinear(from, to, random) : new Gated(from, to, random);
}

/**
 * Beside a convolutional network: maximum plus mean of each window, so that the map gets as large as the last, then a 1x1
 * convolution (a linear layer on channels) and batch normalisation. The last map itself is not pooled.
 */
export class MapDown extends Module<[maps: Tensor, last: Tensor]> {
  readonly linear: Linear;
  readonly norm: BatchNorm2d;

  constructor(from: number, to: number, random: RandomStream) {
    super();
    this.linear = new Linear(from, to, { random, bias: false });
    this.norm = new BatchNorm2d(to);
  }

  override forward(maps: Tensor, last: Tensor): Tensor {
    const ratio = ratioOf(maps, last);
    const x = maps as Tensor4D;
    const pooled = ratio === 1 ? x : add(maxPool(x, ratio, ratio, 'valid'), avgPool(x, ratio, ratio, 'valid'));
    return asTokens(this.norm.call(this.linear.call(pooled)));
  }
}
