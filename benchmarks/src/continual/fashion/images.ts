import { type Tensor, tensor1d, tensor2d, tensor4d } from '@tensorflow/tfjs-core';
import { fashionScale, loadFashionMnist } from '../../accuracy/data/fashion-mnist.ts';
import type { ImageSet } from '../../accuracy/data/image-set.ts';
import { splitImages } from '../../accuracy/data/split.ts';

/** Images of a class: to learn from, to choose options on, and to judge. */
export const imagesPerClass = { train: 1000, validation: 100, test: 200 } as const;

// The same images for all seeds, which decide weights, the order of classes and that of images.
const splitSeed = 5;

export interface ImageTensors {
  /** Standardised pixels: `[images, 784]` at side 28, `[images, side, side, 1]` otherwise. */
  readonly inputs: Tensor;
  /** `[images]` int32 */
  readonly labels: Tensor;
}

export interface FashionParts {
  readonly train: ImageTensors;
  readonly validation: ImageTensors;
  readonly test: ImageTensors;
  readonly classNames: readonly string[];
}

/** The share of Fashion-MNIST that the experiments use, as tensors. The caller disposes them. */
export function fashionParts(side: 14 | 28): FashionParts {
  const { train, test } = loadFashionMnist();
  const classes = train.labels.length;
  const [learnt, validation] = splitImages(
    train,
    [classes * imagesPerClass.train, classes * imagesPerClass.validation],
    splitSeed,
  ) as [ImageSet, ImageSet];
  const [judged] = splitImages(test, [classes * imagesPerClass.test], splitSeed) as [ImageSet];
  const tensors = (images: ImageSet) => imageTensors(images, side);
  return {
    train: tensors(learnt),
    validation: tensors(validation),
    test: tensors(judged),
    classNames: train.labels,
  };
}

/** Pixels, 0 to 1, become (pixel - mean) / deviation; at side 14 a pixel is the mean of four. */
export function imageTensors({ pixels, classes, shape }: ImageSet, side: 14 | 28): ImageTensors {
  const [height, width] = shape;
  const step = height / side;
  const count = classes.length;
  const values = new Float32Array(count * side * side);
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = (image * side + Math.floor(y / step)) * side + Math.floor(x / step);
        values[to] = values[to]! + pixels[(image * height + y) * width + x]! / (step * step);
      }
    }
  }
  const { mean, deviation } = fashionScale;
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! / 255 - mean) / deviation;
  return {
    inputs: side === 28 ? tensor2d(values, [count, side * side]) : tensor4d(values, [count, side, side, 1]),
    labels: tensor1d(Int32Array.from(classes), 'int32'),
  };
}
