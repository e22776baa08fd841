import {
  All,
  Any,
  backend_util,
  type DataType,
  Max,
  Min,
  Prod,
  sumOutType,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { callKernel, type KernelRun, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';

const lanes = 64;

export interface ReduceAttrs {
  readonly axis: number | number[];
  readonly keepDims?: boolean | undefined;
}

/** How two numbers become one, and what changes nothing. */
interface Fold {
  readonly with: (a: string, b: string) => string;
  readonly from: number;
  readonly dtype: (of: DataType) => DataType;
}

const same = (dtype: DataType): DataType => dtype;
const folds = {
  sum: { with: (a, b) => `${a} + ${b}`, from: 0, dtype: sumOutType },
  product: { with: (a, b) => `${a} * ${b}`, from: 1, dtype: sumOutType },
  max: { with: (a, b) => `max(${a}, ${b})`, from: -2147483648, dtype: same },
  min: { with: (a, b) => `min(${a}, ${b})`, from: 2147483647, dtype: same },
  all: { with: (a, b) => `i32(${a} != 0 && ${b} != 0)`, from: 1, dtype: same },
  any: { with: (a, b) => `i32(${a} != 0 || ${b} != 0)`, from: 0, dtype: same },
} as const satisfies Record<string, Fold>;

/** Integers or bools folded along axes, exactly: tfjs's kernels compute with float32. A workgroup takes one line of what is folded. */
export function foldIntegers(
  gpu: TrainingBackend,
  x: TensorInfo,
  { axis, keepDims }: ReduceAttrs,
  name: keyof typeof folds,
): TensorInfo {
  const fold: Fold = folds[name];
  const axes = util.parseAxisParam(axis, x.shape);
  const order = [...x.shape.keys()].filter((each) => !axes.includes(each));
  const lines = callKernel(gpu, 'Transpose', { x }, { perm: [...order, ...axes] });
  const kept = order.map((each) => x.shape[each]!);
  const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
  const out = gpu.output(shape, fold.dtype(x.dtype));
  const count = util.sizeFromShape(kept);
  const length = util.sizeFromShape(axes.map((each) => x.shape[each]!));
  if (count > 0) {
    gpu.dispatch({
      name: 'fold-integers',
      variant: name,
      read: { x: [lines, 'i32'] },
      write: { y: [out, 'i32'] },
      uniforms: { count: u32(count), length: u32(length) },
      code: () => `
var<workgroup> partial: array<i32, ${lanes}>;
fn fold(a: i32, b: i32) -> i32 { return ${fold.with('a', 'b')}; }
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = index_of(group, groups, 0u, 1u);
  var own = i32(${fold.from === -2147483648 ? '-2147483647 - 1' : fold.from});
  if (line < uniforms.count) {
    for (var i = lane; i < uniforms.length; i += ${lanes}u) { own = fold(own, x[line * uniforms.length + i]); }
  }
  partial[lane] = own;
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { partial[lane] = fold(partial[lane], partial[lane + half]); }
  }
  if (lane == 0u && line < uniforms.count) { y[line] = partial[0]; }
}`,
      workgroups: count,
    });
  }
  gpu.disposeData(lines.dataId);
  return out;
}

type Attrs = ReduceAttrs & { readonly reductionIndices?: number | number[] };

const unlessFloat =
  (name: keyof typeof folds): KernelRun<{ x: TensorInfo }, Attrs> =>
  ({ inputs: { x }, attrs: { axis, reductionIndices = axis, keepDims }, gpu, stock }) => {
    const attrs = { axis: reductionIndices, keepDims };
    if (x.dtype === 'int32' || x.dtype === 'bool') return foldIntegers(gpu, x, attrs, name);
    return util.sizeFromShape(x.shape) === 0 ? foldNothing(gpu, x, attrs, name) : stock();
  };

/** tfjs's kernels divide by the size of what is folded. */
function foldNothing(
  gpu: TrainingBackend,
  x: TensorInfo,
  { axis, keepDims }: ReduceAttrs,
  name: keyof typeof folds,
): TensorInfo {
  const axes = util.parseAxisParam(axis, x.shape);
  const kept = x.shape.filter((_, each) => !axes.includes(each));
  const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
  const { from } = folds[name];
  // As integers the largest and the smallest number stand for infinity.
  return filled(gpu, shape, x.dtype, Math.abs(from) < 2 ? from : from * Number.POSITIVE_INFINITY);
}

/** The mean of integers, which is a float. */
export function meanOfIntegers(
  gpu: TrainingBackend,
  x: TensorInfo,
  { axis, keepDims = false }: ReduceAttrs,
): TensorInfo {
  const floats = callKernel(gpu, 'Cast', { x }, { dtype: 'float32' });
  const mean = callKernel(gpu, 'Mean', { x: floats }, { axis, keepDims });
  gpu.disposeData(floats.dataId);
  return mean;
}

export function registerIntegerReductions(): void {
  kernel(Max, unlessFloat('max'));
  kernel(Min, unlessFloat('min'));
  kernel(Prod, unlessFloat('product'));
  kernel(All, unlessFloat('all'));
  kernel(Any, unlessFloat('any'));
}
