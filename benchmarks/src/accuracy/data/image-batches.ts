import { type RandomStream, randomStream } from '@tapgrad/core';
import type { BatchSource } from '@tapgrad/train';
import { tensor1d, tensor4d } from '@tensorflow/tfjs-core';
import type { ImageSet } from './image-set.ts';

export interface ImageBatchOptions {
  readonly batchSize: number;
  /** Pixels, 0 to 1, become (pixel - mean) / deviation. */
  readonly scale: { readonly mean: number; readonly deviation: number };
  /** Orders and augments by this seed; without one the images come as they lie. What fills no batch is left out then. */
  readonly seed?: number;
  /** Moves each image by up to so many pixels along either axis, zeros coming in, and mirrors every other one. */
  readonly shift?: number;
}

/** Batches of images `[batch, height, width, channels]` with classes `[batch]`, the same in every run of a seed. */
export function imageBatches(images: ImageSet, options: ImageBatchOptions): BatchSource {
  const { batchSize, seed, scale, shift = 0 } = options;
  const count = images.classes.length;
  const size = images.shape[0] * images.shape[1] * images.shape[2];
  const length = seed === undefined ? Math.ceil(count / batchSize) : Math.floor(count / batchSize);
  return {
    length,
    fresh: true,
    order: `${count} images in batches of ${batchSize}, seed ${seed ?? 'none'}, shift ${shift}`,
    *batches(epoch, from = 0) {
      const order = seed === undefined ? undefined : randomStream(seed, 'images', epoch).permutation(count);
      for (let index = from; index < length; index++) {
        const first = index * batchSize;
        const rows = Math.min(batchSize, count - first);
        const random = seed === undefined ? undefined : randomStream(seed, 'augmentation', epoch, index);
        const inputs = new Float32Array(rows * size);
        const targets = new Int32Array(rows);
        for (let row = 0; row < rows; row++) {
          const image = order ? order[first + row]! : first + row;
          targets[row] = images.classes[image]!;
          const move = random && shift > 0 ? drawMove(random, shift) : stay;
          copyImage(images, image, move, inputs.subarray(row * size, (row + 1) * size));
        }
        for (let i = 0; i < inputs.length; i++) inputs[i] = (inputs[i]! / 255 - scale.mean) / scale.deviation;
        yield {
          inputs: tensor4d(inputs, [rows, ...images.shape]),
          targets: tensor1d(targets, 'int32'),
        };
      }
    },
  };
}

interface Move {
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
}

const stay: Move = { down: 0, right: 0, mirrored: false };

function drawMove(random: RandomStream, shift: number): Move {
  const steps = 2 * shift + 1;
  return {
    down: random.integer(steps) - shift,
    right: random.integer(steps) - shift,
    mirrored: random.integer(2) === 1,
  };
}

function copyImage({ pixels, shape }: ImageSet, image: number, move: Move, into: Float32Array): void {
  const [height, width, channels] = shape;
  const start = image * height * width * channels;
  for (let y = 0; y < height; y++) {
    const fromY = y - move.down;
    if (fromY < 0 || fromY >= height) continue;
    for (let x = 0; x < width; x++) {
      const straight = x - move.right;
      if (straight < 0 || straight >= width) continue;
      const fromX = move.mirrored ? width - 1 - straight : straight;
      const from = start + (fromY * width + fromX) * channels;
      const to = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) into[to + channel] = pixels[from + channel]!;
    }
  }
}
