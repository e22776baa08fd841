import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

/** Integers that a histogram of 11 bits takes. */
const bins = 2048;

/** The largest magnitudes of each sample, and the mask of where they stand. */
export function registerSparse(): void {
  kernel<{ x: TensorInfo }, { samples: number; count: number }>(
    'tapgrad.PackSparse',
    ({ inputs: { x }, attrs: { samples, count }, heap }) => {
      const size = util.sizeFromShape(x.shape);
      const mask = heap.output([Math.ceil(size / 32)], 'int32');
      const values = heap.output([samples, count]);
      return heap.scratch(4 * bins, (scratch) => {
        const [from, to, kept] = [heap.at(x), heap.at(mask), heap.at(values)];
        heap.kernels.packSparse(samples, size / samples, from, count, to, kept, scratch);
        return [mask, values];
      });
    },
  );
  kernel<{ mask: TensorInfo; values: TensorInfo }, { shape: readonly number[] }>(
    'tapgrad.UnpackSparse',
    ({ inputs: { mask, values }, attrs: { shape }, heap }) => {
      const y = heap.output(shape);
      heap.kernels.unpackSparse(util.sizeFromShape([...shape]), heap.at(mask), heap.at(values), heap.at(y));
      return y;
    },
  );
}
