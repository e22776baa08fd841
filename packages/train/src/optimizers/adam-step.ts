import { markModified, type Parameter } from '@tapgrad/core';
import {
  add,
  backend,
  div,
  engine,
  getBackend,
  getKernel,
  mul,
  type NamedAttrMap,
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

export interface AdamUpdate {
  readonly operands: AdamOperands;
  readonly numbers: AdamNumbers;
}

/** One parameter a call. */
const single = 'tapgrad.AdamW';
/** All parameters in one call, for backends to which a call is dear. */
const several = 'tapgrad.AdamWAll';

/** Whether the backend updates all parameters in one call. */
export function updatesAllAtOnce(): boolean {
  return getKernel(several, getBackend()) !== undefined;
}

/** One update of each of these parameters and their moments, in one call. */
export function adamSteps(updates: readonly AdamUpdate[]): void {
  inPlace(several, operandsOfAll(updates), { updates: updates.map(({ numbers }) => numbers) }, updates);
}

/** One update of one parameter and its moments. Must run in a tfjs scope. */
export function adamStep(update: AdamUpdate): void {
  const { operands, numbers } = update;
  if (getKernel(single, getBackend())) inPlace(single, () => tensorsOf(operands), numbers, [update]);
  else composed(operands, numbers);
}

function operandsOfAll(updates: readonly AdamUpdate[]): () => Record<string, Tensor> {
  return () =>
    Object.fromEntries(
      updates.flatMap(({ operands }, i) =>
        Object.entries(tensorsOf(operands)).map(([name, operand]) => [`${i}/${name}`, operand]),
      ),
    );
}

function tensorsOf({ parameter, gradient, m, v }: AdamOperands): Record<string, Tensor> {
  return { parameter: parameter.variable, gradient, m, v };
}

/** @param operands read once the buffers are no one else's: that may replace them */
function inPlace(
  kernel: string,
  operands: () => Record<string, Tensor>,
  attrs: NamedAttrMap,
  updates: readonly AdamUpdate[],
): void {
  for (const {
    operands: { parameter, m, v },
  } of updates) {
    own(parameter.variable, (copy) => parameter.assign(copy));
    own(m, (copy) => m.assign(copy));
    own(v, (copy) => v.assign(copy));
  }
  engine().runKernel(kernel, operands(), { ...attrs });
  for (const {
    operands: { parameter, m, v },
  } of updates) {
    for (const written of [parameter.variable, m, v]) markModified(written);
  }
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
