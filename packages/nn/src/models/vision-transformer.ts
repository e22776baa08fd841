import { Module, type Parameter, TapgradError } from '@tapgrad/core';
import { add, concat, mean, reshape, slice, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { truncatedNormal, zeros } from '../initializers/initializers.ts';
import { chain } from '../layers/chain.ts';
import { Conv2d } from '../layers/conv-2d.ts';
import { Dropout } from '../layers/dropout.ts';
import { Linear } from '../layers/linear.ts';
import { checkSizes } from '../layers/options.ts';
import { makeNorm, TransformerBlock, type TransformerBlockOptions } from '../layers/transformer-block.ts';

export interface VisionTransformerOptions extends Omit<TransformerBlockOptions, 'inputWidth'> {
  readonly layers: number;
  /** Height and width in pixels. Default 224. */
  readonly imageSize?: number;
  /** Side of a patch in pixels. Default 16. */
  readonly patchSize?: number;
  /** Default 3. */
  readonly channels?: number;
  /** The class token's vector or the mean over patches. Default `class`. */
  readonly pooling?: 'class' | 'mean';
  /** Adds a linear classifier. */
  readonly classes?: number;
}

/** Sizes of the published models (Dosovitskiy et al. 2021, Touvron et al. 2021), for 224 x 224 images. */
export const visionTransformerPresets = {
  'vit-ti/16': { width: 192, heads: 3, layers: 12, patchSize: 16 },
  'vit-s/16': { width: 384, heads: 6, layers: 12, patchSize: 16 },
  'vit-b/16': { width: 768, heads: 12, layers: 12, patchSize: 16 },
  'vit-b/32': { width: 768, heads: 12, layers: 12, patchSize: 32 },
  'vit-l/16': { width: 1024, heads: 16, layers: 24, patchSize: 16 },
} as const satisfies Record<string, VisionTransformerOptions>;

/**
 * Vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929): images `[batch, height, width, channels]` to
 * `[batch, width]`, or logits with `classes`. A class token, learned positions, pre-norm blocks `layers.*`.
 * @example new VisionTransformer({ ...visionTransformerPresets['vit-b/16'], classes: 1000 })
 */
export class VisionTransformer extends Module<[images: Tensor]> {
  readonly patches: Conv2d;
  /** `[1, width]`; with pooling `class` only. */
  readonly classToken: Parameter | undefined;
  /** `[tokens, width]`, the class token first. */
  readonly positions: Parameter;
  readonly dropout: Dropout;
  readonly layers: readonly TransformerBlock[];
  readonly norm: Module;
  /** Classifier; may be replaced before the model is attached to a stack. */
  head: Linear | undefined;

  constructor(options: VisionTransformerOptions) {
    super();
    const {
      width,
      layers,
      imageSize = 224,
      patchSize = 16,
      channels = 3,
      pooling = 'class',
      random,
      classes,
    } = options;
    checkSizes('VisionTransformer', { width, layers, imageSize, patchSize, channels });
    if (imageSize % patchSize !== 0) {
      throw new TapgradError({
        code: 'BAD_OPTION',
        message: `VisionTransformer: patches of ${patchSize} pixels do not fill images of ${imageSize}`,
        fix: 'make imageSize a multiple of patchSize',
      });
    }
    const initializer = options.initializer ?? truncatedNormal(0.02);
    const epsilon = options.epsilon ?? 1e-6;
    const tokens = (imageSize / patchSize) ** 2 + (pooling === 'class' ? 1 : 0);
    this.patches = new Conv2d(channels, width, patchSize, { stride: patchSize, random, initializer });
    this.classToken = pooling === 'class' ? initialParameter([1, width], zeros, random) : undefined;
    this.positions = initialParameter([tokens, width], truncatedNormal(0.02), random);
    this.dropout = new Dropout(options.dropout ?? 0);
    this.layers = Array.from({ length: layers }, () => new TransformerBlock({ ...options, initializer, epsilon }));
    this.norm = makeNorm(width, { ...options, epsilon });
    this.head = classes === undefined ? undefined : new Linear(width, classes, { random, initializer });
  }

  override forward(images: Tensor): Tensor {
    const embedded = (x: Tensor) => tidy(() => this.embed(x));
    return chain([embedded, ...this.layers, this.norm, (x) => this.pooled(x), this.head], images);
  }

  private embed(images: Tensor): Tensor {
    const grid = this.patches.call(images);
    const [batch, height, across, width] = grid.shape as [number, number, number, number];
    const patches = reshape(grid, [batch, height * across, width]);
    const token = this.classToken && tile(reshape(this.classToken.read(), [1, 1, width]), [batch, 1, 1]);
    return this.dropout.call(add(token ? concat([token, patches], 1) : patches, this.positions.read()));
  }

  private pooled(x: Tensor): Tensor {
    const [batch, , width] = x.shape as [number, number, number];
    return this.classToken ? reshape(slice(x, [0, 0, 0], [batch, 1, width]), [batch, width]) : mean(x, 1);
  }
}
