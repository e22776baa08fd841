import { Module, Parameter, type RandomStream } from '@tapgrad/core';
import { BatchNorm2d, Dropout, LayerNorm, Linear } from '@tapgrad/nn';
import { add, mul, relu, reshape, scalar, stack, type Tensor } from '@tensorflow/tfjs-core';
import { weightedSum } from '../base/weighted-sum.ts';
import { gate, mergeShares } from './math.ts';

/** Linear, ReLU, linear, norm of the shallow states' sum: SHERL beside MDETR. */
class Mixer extends Module {
  readonly up: Linear;
  readonly down: Linear;
  readonly norm: LayerNorm;

  constructor(width: number, random: RandomStream) {
    super();
    this.up = new Linear(width, width, { random });
    this.down = new Linear(width, width, { random });
    this.norm = new LayerNorm(width);
  }

  override forward(sum: Tensor): Tensor {
    return this.norm.call(this.down.call(relu(this.up.call(sum))));
  }
}

/** Merges states `[batch, tokens, k]` into one, the last of them as guide: `m = Σ_i w_i X_i + g`, token by token. */
export class Merge extends Module<[...states: Tensor[]]> {
  /** a and b of the shares. */
  readonly score: Linear;
  readonly mixer: Mixer | undefined;

  constructor(
    width: number,
    private readonly options: { readonly epsilon: number; readonly mixer: boolean; readonly random: RandomStream },
  ) {
    super();
    this.score = new Linear(width, 1, { random: options.random });
    this.mixer = options.mixer ? new Mixer(width, options.random) : undefined;
  }

  override forward(...states: Tensor[]): Tensor {
    const deepest = states.at(-1) as Tensor;
    const [batch, tokens, width] = deepest.shape as [number, number, number];
    const deep = reshape(deepest, [batch * tokens, width]);
    const shallow = reshape(stack(states.slice(0, -1), 2), [batch * tokens, states.length - 1, width]);
    const [a, b] = [this.score.weight.read(), (this.score.bias as Parameter).read()];
    const sum = weightedSum(shallow, mergeShares(shallow, deep, a, b, this.options.epsilon));
    return reshape(add(this.mixer ? this.mixer.call(sum) : sum, deep), [batch, tokens, width]);
  }
}

/** Out: the merged state at the late layer's width. */
export type Out = 'relu-linear-norm' | 'relu-linear';

interface OutOptions {
  readonly from: number;
  readonly to: number;
  readonly dropout: number;
  readonly random: RandomStream;
}

/** `Dropout(LN(W ReLU(m)))` (BERT; MDETR without dropout), or without the norm (CLIP-ViL, T5). */
export class TokenOut extends Module {
  readonly linear: Linear;
  readonly norm: LayerNorm | undefined;
  readonly dropout: Dropout;

  constructor(kind: Out, { from, to, dropout, random }: OutOptions) {
    super();
    this.linear = new Linear(from, to, { random });
    this.norm = kind === 'relu-linear-norm' ? new LayerNorm(to) : undefined;
    this.dropout = new Dropout(dropout);
  }

  override forward(merged: Tensor): Tensor {
    const wide = this.linear.call(relu(merged));
    return this.dropout.call(this.norm ? this.norm.call(wide) : wide);
  }
}

/** `ReLU(BN(W m))` with a 1x1 convolution (a linear layer on channels): beside ResNet. */
export class MapOut extends Module {
  readonly linear: Linear;
  readonly norm: BatchNorm2d;

  constructor({ from, to, random }: OutOptions) {
    super();
    this.linear = new Linear(from, to, { random, bias: false });
    this.norm = new BatchNorm2d(to);
  }

  override forward(merged: Tensor): Tensor {
    return relu(this.norm.call(this.linear.call(merged)));
  }
}

/** The late layer's input: `x̃ = Out(m) + tanh(α / T) h`. */
export class LateInput extends Module<[merged: Tensor, backbone: Tensor]> {
  readonly alpha = new Parameter({ shape: [], make: () => scalar(0) });

  constructor(
    readonly out: Module,
    private readonly temperature: number,
  ) {
    super();
  }

  override forward(merged: Tensor, backbone: Tensor): Tensor {
    const [first, height, width] = backbone.shape as [number, number, number, number];
    const shaped = backbone.rank === 4 ? reshape(merged, [first, height, width, merged.shape[2] as number]) : merged;
    return add(this.out.call(shaped), mul(backbone, gate(this.alpha.read(), this.temperature)));
  }
}
