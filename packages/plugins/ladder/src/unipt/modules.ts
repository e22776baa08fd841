import { Module, type Parameter, type RandomStream } from '@tapgrad/core';
import { LayerNorm, Linear, MeanPool } from '@tapgrad/nn';
import { add, relu, reshape, stack, type Tensor } from '@tensorflow/tfjs-core';
import { weightedSum } from '../base/weighted-sum.ts';
import { confidence, interact } from './math.ts';

/** Every state interacts with the last one, the anchor; their sum, weighted by confidence: `[batch, tokens, k]`. */
export class Interaction extends Module<[mask: Tensor | undefined, ...states: Tensor[]]> {
  /** w and b of the confidence. */
  readonly confidence: Linear;
  private readonly pool = new MeanPool();

  constructor(
    width: number,
    private readonly epsilon: number,
    random: RandomStream,
  ) {
    super();
    this.confidence = new Linear(width, 1, { random });
  }

  override innerPoints(): readonly string[] {
    return ['shares'];
  }

  override forward(mask: Tensor | undefined, ...states: Tensor[]): Tensor {
    const anchor = states.at(-1) as Tensor;
    const means = states.map((state) => this.pool.call(state, mask));
    const [w, b] = [this.confidence.weight.read(), (this.confidence.bias as Parameter).read()];
    const shares = this.tap('shares', confidence(stack(means, 1), means.at(-1) as Tensor, w, b));
    const compared = states.map((state) => interact(anchor, state, mask, this.epsilon));
    const [batch, tokens, width] = anchor.shape as [number, number, number];
    const all = reshape(stack(compared, 1), [batch, states.length, tokens * width]);
    return reshape(weightedSum(all, shares), [batch, tokens, width]);
  }
}

/** How the merged state is added to the anchor: `LN(W Y)`, or through the backbone's width. */
export type Proj = 'linear-norm' | 'bottleneck';
/** What makes features of the task's width. */
export type Final = 'relu-linear' | 'linear' | 'relu-linear-norm';

export interface OutputOptions {
  readonly proj: Proj;
  readonly final: Final;
  /** k */
  readonly from: number;
  readonly to: number;
  readonly random: RandomStream;
}

/** `O = A + Proj(Y)`, and features `W ReLU(O)`: `[batch, tokens, k]` to `[batch, tokens, to]`. */
export class Output extends Module<[anchor: Tensor, merged: Tensor]> {
  readonly up: Linear | undefined;
  readonly down: Linear;
  readonly norm: LayerNorm;
  readonly final: Linear;
  readonly finalNorm: LayerNorm | undefined;

  constructor(private readonly options: OutputOptions) {
    super();
    const { proj, final, from, to, random } = options;
    this.up = proj === 'bottleneck' ? new Linear(from, to, { random }) : undefined;
    this.down = new Linear(this.up ? to : from, from, { random });
    this.norm = new LayerNorm(from);
    this.final = new Linear(from, to, { random });
    this.finalNorm = final === 'relu-linear-norm' ? new LayerNorm(to) : undefined;
  }

  override forward(anchor: Tensor, merged: Tensor): Tensor {
    const wide = this.up ? relu(this.up.call(merged)) : merged;
    const sum = add(anchor, this.norm.call(this.down.call(wide)));
    const features = this.final.call(this.options.final === 'linear' ? sum : relu(sum));
    return this.finalNorm ? this.finalNorm.call(features) : features;
  }
}
