import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

interface Format {
  readonly bits: number;
  /** A multiple of 32. */
  readonly group: number;
  readonly scales: 'bfloat16' | 'float32';
}
interface PackGroups extends Format {
  readonly stochastic: boolean;
  readonly seed: number;
}
interface UnpackGroups extends Format {
  readonly shape: readonly number[];
}

/** Codes, and each group's least value and step: int32 `[groups]` of bfloat16 pairs, or float32 `[groups, 2]`. */
export function registerGroups(): void {
  kernel<{ x: TensorInfo }, PackGroups>('tapgrad.PackGroups', ({ inputs: { x }, attrs, heap }) => {
    const { bits, group, scales, stochastic, seed } = attrs;
    const size = util.sizeFromShape(x.shape);
    const groups = Math.ceil(size / group);
    const half = scales === 'bfloat16';
    const codes = heap.output([Math.ceil((size * bits) / 32)], 'int32');
    const ranges = half ? heap.output([groups], 'int32') : heap.output([groups, 2]);
    heap.kernels.packGroups(size, group, heap.at(x), bits, +half, +stochastic, seed, heap.at(codes), heap.at(ranges));
    return [codes, ranges];
  });
  kernel<{ codes: TensorInfo; ranges: TensorInfo }, UnpackGroups>(
    'tapgrad.UnpackGroups',
    ({ inputs: { codes, ranges }, attrs: { bits, group, scales, shape }, heap }) => {
      const y = heap.output(shape);
      const half = +(scales === 'bfloat16');
      const size = util.sizeFromShape([...shape]);
      heap.kernels.unpackGroups(size, group, heap.at(codes), heap.at(ranges), bits, half, heap.at(y));
      return y;
    },
  );
}
