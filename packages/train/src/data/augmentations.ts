import { type RandomStream, TapgradError } from '@tapgrad/core';
import { gather, pad, reshape, type Tensor, type Tensor4D, tensor1d, tidy } from '@tensorflow/tfjs-core';

/**
 * Another view of images `[batch, height, width, channels]`: a new tensor, drawn anew for each image. The same stream at
 * the same position gives the same view.
 */
export type ImageAugmentation = (images: Tensor, random: RandomStream) => Tensor;

export interface RandomCropOptions {
  /** Pixels of zeros around the image before it is cut. Default 0. */
  readonly padding?: number;
  /** Height and width of what is cut out. Default: those of the image. */
  readonly size?: readonly [height: number, width: number];
}

/**
 * Cuts a rectangle out of each padded image, at a place of its own.
 * @returns `[batch, height, width, channels]`
 * @throws TapgradError BAD_OPTION where padding is no whole number; IMAGE_SHAPE where the images have another rank, or are too
 * small
 */
export function randomCrop({ padding = 0, size }: RandomCropOptions = {}): ImageAugmentation {
  if (!Number.isInteger(padding) || padding < 0) {
    const message = `padding is ${padding}`;
    throw new TapgradError({ code: 'BAD_OPTION', message, fix: 'give a whole number of pixels' });
  }
  return (images, random) =>
    tidy(() => {
      const [batch, height, width] = shapeOf(images);
      const [toHeight, toWidth] = size ?? [height, width];
      const [fullHeight, fullWidth] = [height + 2 * padding, width + 2 * padding];
      if (toHeight > fullHeight || toWidth > fullWidth) {
        throw imageShape(
          images,
          `crops of [${toHeight}, ${toWidth}] need images of at least that size, padding included`,
        );
      }
      const places = new Int32Array(batch * toHeight * toWidth);
      let next = 0;
      for (let image = 0; image < batch; image++) {
        const top = random.integer(fullHeight - toHeight + 1);
        const left = random.integer(fullWidth - toWidth + 1);
        for (let row = 0; row < toHeight; row++) {
          const start = (image * fullHeight + top + row) * fullWidth + left;
          for (let column = 0; column < toWidth; column++) places[next++] = start + column;
        }
      }
      const around: [number, number] = [padding, padding];
      const padded = padding > 0 ? pad(images as Tensor4D, [[0, 0], around, around, [0, 0]]) : images;
      return pixels(padded, places, [batch, toHeight, toWidth]);
    });
}

/**
 * Mirrors each image left to right with a probability, by default 0.5.
 * @returns `[batch, height, width, channels]`
 * @throws TapgradError BAD_OPTION; IMAGE_SHAPE
 */
export function randomFlip({ probability = 0.5 }: { readonly probability?: number } = {}): ImageAugmentation {
  if (!(probability >= 0 && probability <= 1)) {
    const message = `probability is ${probability}`;
    throw new TapgradError({ code: 'BAD_OPTION', message, fix: 'give a number from 0 to 1' });
  }
  return (images, random) =>
    tidy(() => {
      const [batch, height, width] = shapeOf(images);
      const places = new Int32Array(batch * height * width);
      let next = 0;
      for (let image = 0; image < batch; image++) {
        const flipped = random.next() < probability;
        for (let row = 0; row < height; row++) {
          const start = (image * height + row) * width;
          for (let column = 0; column < width; column++) {
            places[next++] = start + (flipped ? width - 1 - column : column);
          }
        }
      }
      return pixels(images, places, [batch, height, width]);
    });
}

/** One augmentation after the other, on one stream. */
export function composeAugmentations(...augmentations: readonly ImageAugmentation[]): ImageAugmentation {
  return (images, random) =>
    tidy(() => augmentations.reduce((view, augment) => augment(view, random), images.clone() as Tensor));
}

/** Pixels by number, counted through all images. */
function pixels(images: Tensor, places: Int32Array, shape: readonly [number, number, number]): Tensor {
  const channels = images.shape[3] as number;
  const rows = reshape(images, [-1, channels]);
  return reshape(gather(rows, tensor1d(places, 'int32')), [...shape, channels]);
}

function shapeOf(images: Tensor): [batch: number, height: number, width: number] {
  const [batch, height, width] = images.shape;
  if (images.rank === 4) return [batch as number, height as number, width as number];
  throw imageShape(images, 'images must be [batch, height, width, channels]');
}

function imageShape(images: Tensor, message: string): TapgradError {
  return new TapgradError({
    code: 'IMAGE_SHAPE',
    message: `${message}, and these are [${images.shape}]`,
    fix: 'give images in batches, channels last, large enough for what is cut out',
  });
}
