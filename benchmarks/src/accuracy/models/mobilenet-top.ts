import { Module } from '@tapgrad/core';
import type { Linear, MobileNetV2 } from '@tapgrad/nn';
import { concat, div, image as images, type Tensor, type Tensor4D, tensor4d, tidy } from '@tensorflow/tfjs-core';
import type { ImageSet } from '../data/image-set.ts';

/** The last blocks of a MobileNetV2 with its classifier: what is left to run where the features below are cached. */
export class MobileNetTop extends Module<[features: Tensor]> {
  readonly blocks: MobileNetV2['blocks'];
  readonly last: MobileNetV2['last'];
  readonly pool: MobileNetV2['pool'];
  readonly classifier: Linear;

  constructor(model: MobileNetV2, firstBlock: number) {
    super();
    this.blocks = model.blocks.slice(firstBlock);
    this.last = model.last;
    this.pool = model.pool;
    this.classifier = model.classifier!;
  }

  override forward(features: Tensor): Tensor {
    let x = features;
    for (const block of this.blocks) x = block.call(x);
    return this.classifier.call(this.pool.call(this.last.call(x)));
  }
}

/**
 * What the blocks before `firstBlock` give for images of any size, scaled to `side` x `side` pixels.
 * `[images, height, width, channels]`
 */
export function featuresBelow(
  model: MobileNetV2,
  firstBlock: number,
  { pixels, classes, shape }: ImageSet,
  side: number,
): Tensor {
  const size = shape[0] * shape[1] * shape[2];
  const atOnce = 32;
  model.eval();
  return tidy(() => {
    const parts: Tensor[] = [];
    for (let first = 0; first < classes.length; first += atOnce) {
      const count = Math.min(atOnce, classes.length - first);
      parts.push(
        tidy(() => {
          const bytes = Float32Array.from(pixels.subarray(first * size, (first + count) * size));
          const batch = tensor4d(bytes, [count, ...shape]);
          let x: Tensor = div(images.resizeBilinear(batch as Tensor4D, [side, side]), 255);
          x = model.stem.call(x);
          for (const block of model.blocks.slice(0, firstBlock)) x = block.call(x);
          return x;
        }),
      );
    }
    return concat(parts, 0);
  });
}
