// Integers that tfjs's kernels would take for floats.
import {
  Abs,
  ClipByValue,
  type DataType,
  Fill,
  Neg,
  Relu,
  Relu6,
  Round,
  Square,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { callKernel, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { i32, u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';

type OneInput = { readonly x: TensorInfo };

function scalar(gpu: TrainingBackend, value: number): TensorInfo {
  return filled(gpu, [], 'int32', value);
}

/** What `use` makes of the inputs, which are freed. */
function through(
  gpu: TrainingBackend,
  inputs: Readonly<Record<string, TensorInfo>>,
  use: (inputs: Record<string, TensorInfo>) => TensorInfo,
): TensorInfo {
  try {
    return use({ ...inputs });
  } finally {
    for (const info of Object.values(inputs)) gpu.disposeData(info.dataId);
  }
}

function negative(gpu: TrainingBackend, x: TensorInfo): TensorInfo {
  return through(gpu, { zero: scalar(gpu, 0) }, ({ zero }) => callKernel(gpu, 'Sub', { a: zero!, b: x }));
}

/** Between these, which become whole: what lies beyond a fraction becomes an integer as every number does, towards zero. */
function clipped(gpu: TrainingBackend, x: TensorInfo, least: number, most: number): TensorInfo {
  const y = gpu.output(x.shape, 'int32');
  const count = util.sizeFromShape(x.shape);
  if (count === 0) return y;
  const whole = (bound: number) => i32(Math.trunc(Math.min(Math.max(bound, -(2 ** 31)), 2 ** 31 - 1)));
  gpu.dispatch({
    name: 'clip-integers',
    read: { x: [x, 'i32'] },
    write: { y: [y, 'i32'] },
    uniforms: { count: u32(count), least: whole(least), most: whole(most) },
    code: () => main('y[i] = min(max(x[i], uniforms.least), uniforms.most);'),
    workgroups: Math.ceil(count / flat),
  });
  return y;
}

export function registerIntegers(): void {
  kernel<OneInput>(Neg, ({ inputs: { x }, gpu, stock }) => (x.dtype === 'int32' ? negative(gpu, x) : stock()));
  kernel<OneInput>(Abs, ({ inputs: { x }, gpu, stock }) =>
    x.dtype === 'int32'
      ? through(gpu, { other: negative(gpu, x) }, ({ other }) => callKernel(gpu, 'Maximum', { a: x, b: other! }))
      : stock(),
  );
  kernel<OneInput>(Square, ({ inputs: { x }, gpu, stock }) =>
    x.dtype === 'int32' ? callKernel(gpu, 'Multiply', { a: x, b: x }) : stock(),
  );
  kernel<OneInput, { clipValueMin: number; clipValueMax: number }>(
    ClipByValue,
    ({ inputs: { x }, attrs: { clipValueMin: least, clipValueMax: most }, gpu, stock }) =>
      x.dtype === 'int32' ? clipped(gpu, x, least, most) : stock(),
  );
  for (const [name, most] of [
    [Relu, Number.POSITIVE_INFINITY],
    [Relu6, 6],
  ] as const) {
    kernel<OneInput>(name, ({ inputs: { x }, gpu, stock }) =>
      x.dtype === 'int32' ? clipped(gpu, x, 0, most) : stock(),
    );
  }
  kernel<OneInput>(Round, ({ inputs: { x }, gpu, stock }) =>
    x.dtype === 'int32' ? callKernel(gpu, 'Identity', { x }) : stock(),
  );
  kernel<object, { shape: number[]; value: number | string; dtype?: DataType }>(Fill, ({ attrs, gpu, stock }) => {
    const { shape, value, dtype = util.inferDtype(value) } = attrs;
    return typeof value === 'string' || dtype === 'complex64' || dtype === 'string'
      ? stock()
      : filled(gpu, shape, dtype, value);
  });
}
