// Integers that tfjs's kernels would take for floats, and what they hand to its transposes, which compile for floats alone.
import { Abs, ArgMax, ArgMin, type DataType, Fill, Neg, Square, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { callKernel, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';

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
  for (const name of [ArgMax, ArgMin]) {
    kernel<OneInput>(name, ({ inputs: { x }, gpu, stock }) => {
      if (x.dtype === 'float32') return stock();
      const floats = callKernel(gpu, 'Cast', { x }, { dtype: 'float32' });
      return through(gpu, { floats }, () => stock({ x: floats }) as TensorInfo);
    });
  }
  kernel<object, { shape: number[]; value: number | string; dtype?: DataType }>(Fill, ({ attrs, gpu, stock }) => {
    const { shape, value, dtype = util.inferDtype(value) } = attrs;
    return typeof value === 'string' || dtype === 'complex64' || dtype === 'string'
      ? stock()
      : filled(gpu, shape, dtype, value);
  });
}
