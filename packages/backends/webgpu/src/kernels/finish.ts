import type { TensorInfo } from '@tensorflow/tfjs-core';
import { callKernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, type Uniform } from '../uniforms.ts';
import { elementwise } from './elementwise.ts';
import type { Finish } from './product-spec.ts';

export interface FinishInputs {
  readonly bias?: TensorInfo | null | undefined;
  readonly preluActivationWeights?: TensorInfo | null | undefined;
}
export interface FinishAttrs {
  readonly activation?: string | undefined;
  readonly leakyreluAlpha?: number | undefined;
}

/** tfjs's fused activations, of `x: T`; comparisons let NaN through. */
const activations: Readonly<Record<string, string>> = {
  linear: 'x',
  relu: 'select(x, T(0), x < T(0))',
  relu6: 'select(select(x, T(6), x > T(6)), T(0), x < T(0))',
  leakyrelu: 'select(x, x * T(uniforms.alpha), x < T(0))',
  sigmoid: 'T(1) / (T(1) + exp(-clamp(x, T(-87), T(87))))',
  elu: 'select(x, exp(min(x, T(0))) - T(1), x < T(0))',
};

/** Bias `[n]` and activation as the end of a product; undefined where there is nothing to do, or it must be done apart. */
export function finishInPlace(
  { bias, preluActivationWeights }: FinishInputs,
  { activation = 'linear', leakyreluAlpha = 0 }: FinishAttrs,
  n: number,
): Finish | undefined {
  const code = activations[activation];
  const perColumn = bias == null || (bias.shape.at(-1) === n && bias.shape.slice(0, -1).every((size) => size === 1));
  if (!code || !perColumn || preluActivationWeights != null || (bias == null && activation === 'linear'))
    return undefined;
  const added = [0, 1, 2, 3].map((j) => `bias[min(column + ${j}u, uniforms.n - 1u)]`).join(', ');
  const sum = n % 4 === 0 ? 'value + bias[column / 4u]' : `value + vec4f(${added})`;
  return {
    variant: `${activation} ${bias ? 'bias' : ''}`,
    read: bias ? { bias: [bias, n % 4 === 0 ? 'vec4<f32>' : 'f32'] } : {},
    uniforms: activation === 'leakyrelu' ? { alpha: f32(leakyreluAlpha) } : {},
    code: `
alias T = vec4f;
fn finished(value: vec4f, column: u32) -> vec4f {
  let x = ${bias ? sum : 'value'};
  return ${code};
}`,
  };
}

/** The same in passes of its own, with any bias that broadcasts and `prelu`; what is given is reused or freed. */
export function finishApart(
  gpu: TrainingBackend,
  product: TensorInfo,
  { bias, preluActivationWeights }: FinishInputs,
  { activation = 'linear', leakyreluAlpha = 0 }: FinishAttrs,
): TensorInfo {
  let y = product;
  const replace = (next: TensorInfo): void => {
    gpu.disposeData(y.dataId);
    y = next;
  };
  if (bias != null) replace(callKernel(gpu, 'Add', { a: y, b: bias }));
  const code = activations[activation];
  if (activation === 'prelu') replace(callKernel(gpu, 'Prelu', { x: y, alpha: preluActivationWeights! }));
  else if (activation !== 'linear') {
    const uniforms: Record<string, Uniform> = activation === 'leakyrelu' ? { alpha: f32(leakyreluAlpha) } : {};
    replace(elementwise(gpu, y, { name: activation, read: { x: [y, 'T'] }, result: code!, uniforms }));
  }
  return y;
}
