import { Module, type RandomStream } from '@tapgrad/core';
import { BatchNorm2d, Conv2d, chain, initializers } from '@tapgrad/nn';
import {
  cast,
  concat,
  expandDims,
  oneHot,
  relu,
  reshape,
  type Tensor,
  type Tensor1D,
  tile,
} from '@tensorflow/tfjs-core';

export interface PredictorOptions {
  /** Channels of the images, or width of the tokens or vectors. */
  readonly width: number;
  readonly images: boolean;
  /** Classes, where the prediction may depend on the label. */
  readonly classes: number | undefined;
  readonly layers: number;
  readonly hidden: number;
  readonly random: RandomStream;
}

/**
 * Predicts the gradient of a value from the value, and from the label where `classes` is given. Hidden layers are a
 * convolution (5x5 for images, one element at a time for tokens and vectors), batch normalisation and ReLU; the last
 * convolution starts at zero, so that the first prediction is zero.
 */
export class GradientPredictor extends Module<[value: Tensor, labels?: Tensor | undefined]> {
  readonly convolutions: readonly Conv2d[];
  readonly norms: readonly BatchNorm2d[];
  readonly last: Conv2d;

  constructor(private readonly options: PredictorOptions) {
    super();
    const { width, images, classes = 0, layers, hidden, random } = options;
    const kernel = images ? 5 : 1;
    const padding = (kernel - 1) / 2;
    const inputs = (layer: number) => (layer === 0 ? width + classes : hidden);
    const initializer = initializers.kaimingNormal();
    this.convolutions = Array.from(
      { length: layers },
      (_, layer) => new Conv2d(inputs(layer), hidden, kernel, { padding, bias: false, initializer, random }),
    );
    this.norms = this.convolutions.map(() => new BatchNorm2d(hidden));
    this.last = new Conv2d(inputs(layers), width, kernel, { padding, initializer: initializers.zeros, random });
  }

  /** @param value images, tokens `[batch, tokens, width]` or vectors `[batch, width]`; @param labels int32 `[batch]` or distributions `[batch, classes]` */
  override forward(value: Tensor, labels?: Tensor): Tensor {
    const asImage = (x: Tensor) => this.conditioned(x.rank === 4 ? x : reshape(x, imageShape(x.shape)), labels);
    const hidden = this.convolutions.flatMap((convolution, layer) => [convolution, this.norms[layer], relu]);
    return chain([asImage, ...hidden, this.last, (x: Tensor) => reshape(x, value.shape)], value);
  }

  private conditioned(x: Tensor, labels: Tensor | undefined): Tensor {
    const { classes } = this.options;
    if (classes === undefined || !labels) return x;
    const [, height, width] = x.shape as [number, number, number];
    const chosen = cast(labels.rank === 1 ? oneHot(labels as Tensor1D, classes) : labels, 'float32');
    const everywhere = tile(expandDims(expandDims(chosen, 1), 1), [1, height, width, 1]);
    return concat([x, everywhere], -1);
  }
}

/** Tokens stand below each other; a vector is an image of one pixel. */
function imageShape(shape: readonly number[]): number[] {
  return shape.length === 3
    ? [shape[0] as number, shape[1] as number, 1, shape[2] as number]
    : [shape[0] as number, 1, 1, shape[1] as number];
}
