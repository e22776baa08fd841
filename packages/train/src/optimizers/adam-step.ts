import { markModified, type Parameter } from '@tapgrad/core';
import {
  add,
  backend,
  div,
  engine,
  getBackend,
  getKernel,
  mul,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { through } from './through.ts';

interface AdamOperands {
  readonly parameter: Parameter;
  readonly gradient: Tensor;
  readonly m: Variable;
  readonly v: Variable;
}

/** A type, not an interface: it is passed on as a kernel's attributes. */
type AdamNumbers = {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled. */
  readonly weightDecay: number;
  /** Updates of this parameter, this one included. */
  readonly step: number;
};

const kernelName = 'tapgrad.AdamW';

/** One update of one parameter and its moments. Must run in a tfjs scope. */
export function adamStep(operands: AdamOperands, numbers: AdamNumbers): void {
  if (getKernel(kernelName, getBackend())) inPlace(operands, numbers);
  else composed(operands, numbers);
}

function inPlace({ parameter, gradient, m, v }: AdamOperands, numbers: AdamNumbers): void {
  own(parameter.variable, (copy) => parameter.assign(copy));
  own(m, (copy) => m.assign(copy));
  own(v, (copy) => v.assign(copy));
  engine().runKernel(kernelName, { parameter: parameter.variable, gradient, m, v }, { ...numbers });
  for (const written of [parameter.variable, m, v]) markModified(written);
}

/** A buffer that other tensors see as well (clones, checkpoints' views) is copied before it is written. */
function own(target: Variable, assign: (copy: Tensor) => void): void {
  if (backend().refCount(target.dataId) !== 1) assign(mul(target, 1));
}

function composed({ parameter, gradient, m, v }: AdamOperands, numbers: AdamNumbers): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = numbers;
  tidy(() => m.assign(add(mul(m, beta1), mul(gradient, 1 - beta1))));
  tidy(() => v.assign(add(mul(v, beta2), mul(square(gradient), 1 - beta2))));
  const update = through(
    sqrt(v),
    (root) => mul(root, 1 / Math.sqrt(1 - beta2 ** step)),
    (root) => add(root, epsilon),
    (root) => div(m, root),
    (ratio) => mul(ratio, learningRate / (1 - beta1 ** step)),
  );
  const kept = weightDecay > 0 ? mul(parameter.variable, 1 - learningRate * weightDecay) : parameter.variable;
  parameter.assign(sub(kept, update));
}
