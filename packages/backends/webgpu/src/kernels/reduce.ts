import { backend_util, Mean, Sum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { callKernel, type KernelCall, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { foldIntegers, meanOfIntegers } from './reduce-integers.ts';
import { sumMiddle } from './reduce-middle.ts';

interface Attrs {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Sums over `axes`, which are in order, over `divisor`: one pass for each run of neighbours, nothing is transposed. */
function sumOver(gpu: TrainingBackend, x: TensorInfo, axes: readonly number[], divisor: number): TensorInfo {
  let [from, shape]: [TensorInfo, number[]] = [x, x.shape];
  let rest = [...axes];
  do {
    const last = rest.length > 0 ? rest.at(-1)! + 1 : 0;
    let first = last;
    while (rest.includes(first - 1)) first--;
    rest = rest.filter((axis) => axis < first);
    const [before, after] = [shape.slice(0, first), shape.slice(last)];
    const [out] = sumMiddle(gpu, {
      name: 'sum',
      outer: util.sizeFromShape(before),
      count: util.sizeFromShape(shape.slice(first, last)),
      inner: util.sizeFromShape(after),
      read: { x: [from, 'T'] },
      terms: ['x[i]'],
      divisor: rest.length > 0 ? 1 : divisor,
    });
    if (from !== x) gpu.disposeData(from.dataId);
    [from, shape] = [out!, [...before, ...after]];
  } while (rest.length > 0);
  return { ...from, shape };
}

const reduction =
  (isMean: boolean) =>
  ({ inputs: { x }, attrs: { axis, keepDims }, gpu }: KernelCall<{ x: TensorInfo }, Attrs>) => {
    if (x.dtype === 'int32' || x.dtype === 'bool') {
      return isMean ? meanOfIntegers(gpu, x, { axis, keepDims }) : foldIntegers(gpu, x, { axis, keepDims }, 'sum');
    }
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const count = util.sizeFromShape(axes.map((each) => x.shape[each]!));
    const kept = x.shape.filter((_, each) => !axes.includes(each));
    const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
    if (util.sizeFromShape(x.shape) === 0) {
      const value = isMean && count === 0 ? Number.NaN : 0;
      return callKernel(gpu, 'Fill', {}, { shape, value, dtype: 'float32' });
    }
    return { ...sumOver(gpu, x, axes, isMean ? count : 1), shape };
  };

/** `Sum` and `Mean` over any axes. */
export function registerReductions(): void {
  kernel(Sum, reduction(false));
  kernel(Mean, reduction(true));
}
