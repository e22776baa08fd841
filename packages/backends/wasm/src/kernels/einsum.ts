import { backend_util, Einsum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { callKernel, type KernelCall, kernel } from '../register.ts';

/** Einstein summation as tfjs decomposes it: transposes, products with broadcasting, sums. */
function einsum({ inputs, attrs: { equation }, heap }: KernelCall<TensorInfo[], { equation: string }>): TensorInfo {
  const tensors = Object.values(inputs);
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
  backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as never);
  const { path, steps } = backend_util.getEinsumComputePath(summedDims, idDims);
  const made: TensorInfo[] = [];
  const keep = (info: TensorInfo): TensorInfo => {
    made.push(info);
    return info;
  };
  let out: TensorInfo | undefined;
  let remaining = allDims.length;
  steps.forEach((terms, step) => {
    for (const term of terms) {
      const { permutationIndices: perm, expandDims } = backend_util.getEinsumPermutation(remaining, idDims[term]!);
      let x = tensors[term]!;
      if (!backend_util.isIdentityPermutation(perm)) x = keep(callKernel(heap, 'Transpose', { x }, { perm }));
      const shape = [...x.shape];
      for (const axis of expandDims) shape.splice(axis, 0, 1);
      if (!util.arraysEqual(x.shape, shape)) x = keep(heap.reshaped(x, shape));
      out = out === undefined ? x : keep(callKernel(heap, 'Multiply', { a: x, b: out }));
    }
    if (step >= steps.length - 1) return;
    const axis = path[step]!;
    if (axis >= 0)
      out = keep(callKernel(heap, 'Sum', { x: out! }, { axis: axis - (allDims.length - remaining), keepDims: false }));
    remaining--;
  });
  const result = made.includes(out!) ? out! : keep(heap.reshaped(out!, out!.shape));
  for (const info of made) if (info !== result) heap.free(info);
  return result;
}

export function registerEinsum(): void {
  kernel(Einsum, einsum);
}
