import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TapgradError } from '@tapgrad/core';
import { readIdx } from './idx.ts';
import type { ImageSet } from './image-set.ts';

const installedFolder = '/usr/share/datasets/fashion-mnist';
/** Names another folder than that of the Debian package. */
const folderVariable = 'TAPGRAD_FASHION_MNIST';

const fashionLabels = [
  'T-shirt',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
] as const;

/** Mean and standard deviation of the training images' pixels, 0 to 1. */
export const fashionScale = { mean: 0.286, deviation: 0.353 } as const;

export interface FashionMnist {
  /** 60,000 images of 28 x 28. */
  readonly train: ImageSet;
  /** 10,000. */
  readonly test: ImageSet;
}

const files = {
  train: ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz'],
  test: ['t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'],
} as const;

/** Where the data set is expected. */
function fashionFolder(): string {
  return process.env[folderVariable] || installedFolder;
}

/** Why the data set cannot be used; undefined where it can. */
export function fashionMissing(folder = fashionFolder()): string | undefined {
  const absent = [...files.train, ...files.test].find((file) => !existsSync(join(folder, file)));
  return absent && `${folder} holds no ${absent}`;
}

/**
 * Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747; MIT licence), as the Debian package `dataset-fashion-mnist`
 * installs it.
 * @throws TapgradError `DATASET_MISSING`, `DATASET_INVALID`
 */
export function loadFashionMnist(folder = fashionFolder()): FashionMnist {
  const missing = fashionMissing(folder);
  if (missing) {
    throw new TapgradError({
      code: 'DATASET_MISSING',
      message: `Fashion-MNIST is not there: ${missing}`,
      fix: `apt-get install dataset-fashion-mnist, or name a folder with its four gzip files: ${folderVariable}=<folder>`,
    });
  }
  return { train: readPart(folder, files.train), test: readPart(folder, files.test) };
}

function readPart(folder: string, [imageFile, classFile]: readonly [string, string]): ImageSet {
  const images = readIdx(readFileSync(join(folder, imageFile)), imageFile);
  const classes = readIdx(readFileSync(join(folder, classFile)), classFile);
  const [count, height, width] = images.shape;
  if (height === undefined || width === undefined || classes.shape[0] !== count) {
    throw new TapgradError({
      code: 'DATASET_INVALID',
      message: `${imageFile} has shape [${images.shape}], ${classFile} [${classes.shape}]`,
      fix: 'get the files again',
    });
  }
  return { pixels: images.values, classes: classes.values, shape: [height, width, 1], labels: fashionLabels };
}
