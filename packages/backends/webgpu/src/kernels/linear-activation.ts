import type { FusibleActivation } from '@tapgrad/core';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { callKernel, type KernelCall, kernel } from '../register.ts';
import { finishInPlace } from './finish.ts';
import { codeOf } from './fusible.ts';
import { isSplit, product } from './product.ts';
import { matrixOperand, whole } from './product-matrix.ts';
import type { Finish } from './product-spec.ts';

interface Inputs {
  readonly x: TensorInfo;
  readonly weight: TensorInfo;
  readonly bias?: TensorInfo | null;
}

/**
 * `z = x · weight + bias` over the last axis and `y = activation(z)`, both written by the product: backward needs z, which is not read again for y.
 * @returns z, y
 */
function linearActivation({
  inputs: { x, weight, bias },
  attrs,
  gpu,
}: KernelCall<Inputs, FusibleActivation>): TensorInfo[] {
  const [k, n] = weight.shape as [number, number];
  const shape = [...x.shape.slice(0, -1), n];
  const m = util.sizeFromShape(x.shape.slice(0, -1));
  const sizes = { batch: 1, m, n, k };
  if (m * n * k === 0 || isSplit(gpu, sizes)) {
    // A sum of parts has no end that could do more.
    const rows = { ...x, shape: [m, k] };
    const made = callKernel(
      gpu,
      '_FusedMatMul',
      { a: rows, b: weight, ...(bias && { bias }) },
      { transposeA: false, transposeB: false },
    );
    const z = { ...made, shape };
    return [z, callKernel(gpu, attrs.kernel, { x: z }, { ...attrs })];
  }
  const { name, functions } = codeOf(attrs);
  const y = gpu.output(shape);
  const added = finishInPlace({ bias }, {}, n);
  const finish: Finish = {
    read: added?.read ?? {},
    uniforms: {},
    variant: `${name} ${bias ? 'bias' : ''}`,
    second: y,
    code: `${added?.code ?? 'alias T = vec4f;\nfn finished(value: vec4f, column: u32) -> vec4f { return value; }'}
${functions}
fn second(z: vec4f) -> vec4f { return value(z); }`,
  };
  const z = product(gpu, {
    name: 'linear-activation',
    shape,
    ...sizes,
    a: matrixOperand('a', x, false, { outer: m, inner: k }, whole),
    b: matrixOperand('b', weight, false, { outer: n, inner: k }, whole),
    finish,
  });
  return [z, y];
}

export function registerLinearActivation(): void {
  kernel('tapgrad.LinearActivation', linearActivation);
}
