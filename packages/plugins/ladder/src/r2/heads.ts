import { Module, Parameter, type RandomStream } from '@tapgrad/core';
import { Conv2d, LayerNorm } from '@tapgrad/nn';
import { concat, exp, mul, relu, reshape, scalar, type Tensor } from '@tensorflow/tfjs-core';

/** Convolution over time, as a map of height 1: `[batch, 1, clips, from]` to `[batch, 1, clips', to]`. */
function conv1d(from: number, to: number, kernel: number, random: RandomStream): Conv2d {
  return kernel === 2
    ? new Conv2d(from, to, [1, 2], { stride: [1, 2], padding: 'same', random })
    : new Conv2d(from, to, [1, kernel], { padding: [0, (kernel - 1) / 2], random });
}

/** One level of the pyramid: halvings of the clips (convolution, norm, ReLU each) until the stride is reached. */
class Level extends Module {
  readonly convolutions: readonly Conv2d[];
  readonly norms: readonly LayerNorm[];

  constructor(width: number, stride: number, random: RandomStream) {
    super();
    const halvings = Array.from({ length: Math.log2(stride) });
    this.convolutions = halvings.map(() => conv1d(width, width, 2, random));
    this.norms = halvings.map(() => new LayerNorm(width));
  }

  override forward(x: Tensor): Tensor {
    if (this.norms.length === 0) return relu(x);
    return this.norms.reduce((value, norm, i) => relu(norm.call((this.convolutions[i] as Conv2d).call(value))), x);
  }
}

/** Convolution, ReLU, convolution. */
class Head extends Module {
  readonly hidden: Conv2d;
  readonly output: Conv2d;

  constructor(width: number, outputs: number, random: RandomStream) {
    super();
    this.hidden = conv1d(width, width, 3, random);
    this.output = conv1d(width, outputs, 3, random);
  }

  override forward(x: Tensor): Tensor {
    return this.output.call(relu(this.hidden.call(x)));
  }
}

/** What the heads say of each point, level after level. */
export interface Moments {
  /** Foreground or not, `[batch, points]`. */
  readonly logits: Tensor;
  /** How far behind and ahead of the point the moment begins and ends, in strides, `[batch, points, 2]`. */
  readonly boundaries: Tensor;
}

/** Pyramid and heads: `[batch, clips, width]` to moments. The heads are the same at all levels but for a factor. */
export class MomentHeads extends Module<[state: Tensor], Moments> {
  readonly levels: readonly Level[];
  readonly classes: Head;
  readonly boundary: Head;
  readonly factors: readonly Parameter[];

  constructor(width: number, strides: readonly number[], random: RandomStream) {
    super();
    this.levels = strides.map((stride) => new Level(width, stride, random));
    this.classes = new Head(width, 1, random);
    this.boundary = new Head(width, 2, random);
    this.factors = strides.map(() => new Parameter({ shape: [], make: () => scalar(1) }));
  }

  override forward(state: Tensor): Moments {
    const [batch, clips, width] = state.shape as [number, number, number];
    const x = reshape(state, [batch, 1, clips, width]);
    const made = this.levels.map((level, i) => {
      const features = level.call(x);
      const points = features.shape[2] as number;
      const logits = reshape(this.classes.call(features), [batch, points]);
      const away = mul(exp(this.boundary.call(features)), (this.factors[i] as Parameter).read());
      return { logits, boundaries: reshape(away, [batch, points, 2]) };
    });
    return {
      logits: concat(
        made.map(({ logits }) => logits),
        1,
      ),
      boundaries: concat(
        made.map(({ boundaries }) => boundaries),
        1,
      ),
    };
  }
}
