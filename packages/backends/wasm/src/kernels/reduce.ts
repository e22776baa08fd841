import { backend_util, Mean, Sum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { type KernelCall, kernel } from '../register.ts';

interface Attrs {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** `factor` times the sum over `axes`, which are in order: one pass for each run of neighbours, nothing is transposed. */
function sumOver(heap: Heap, x: TensorInfo, axes: readonly number[], factor = 1): TensorInfo {
  let [from, shape]: [TensorInfo, number[]] = [x, x.shape];
  let rest = [...axes];
  do {
    const last = rest.length > 0 ? rest.at(-1)! + 1 : 0;
    let first = last;
    while (rest.includes(first - 1)) first--;
    rest = rest.filter((axis) => axis < first);
    const next = [...shape.slice(0, first), ...shape.slice(last)];
    const out = heap.output(next);
    const [outer, inner] = [util.sizeFromShape(shape.slice(0, first)), util.sizeFromShape(shape.slice(last))];
    const count = util.sizeFromShape(shape.slice(first, last));
    heap.scratch(4 * inner + 4, (partial) =>
      heap.kernels.sumMiddle(outer, count, inner, heap.at(from), heap.at(out), rest.length > 0 ? 1 : factor, partial),
    );
    if (from !== x) heap.free(from);
    [from, shape] = [out, next];
  } while (rest.length > 0);
  return from;
}

const reduction =
  (isMean: boolean) =>
  ({ inputs: { x }, attrs: { axis, keepDims }, heap, stock }: KernelCall<{ x: TensorInfo }, Attrs>) => {
    if (x.dtype !== 'float32') return stock();
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const count = util.sizeFromShape(axes.map((each) => x.shape[each]!));
    const out = sumOver(heap, x, axes, isMean ? 1 / count : 1);
    if (keepDims) out.shape = backend_util.expandShapeToKeepDim(out.shape, axes);
    return out;
  };

export function registerReductions(): void {
  kernel(Sum, reduction(false));
  kernel(Mean, reduction(true));
}
