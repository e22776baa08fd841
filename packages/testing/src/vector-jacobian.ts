import { grad, TapgradError } from '@tapgrad/core';
import { add, mul, scalar, sum, type Tensor, zerosLike } from '@tensorflow/tfjs-core';
import { seededRandom } from './random.ts';

/** A function of tensors, to be differentiated. It may return several. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor | Tensor[];

export function outputsOf(f: TensorFunction, inputs: readonly Tensor[]): Tensor[] {
  const made = f(...inputs);
  return Array.isArray(made) ? made : [made];
}

/** Outputs that can carry a gradient. */
export function floating(outputs: readonly Tensor[]): Tensor[] {
  return outputs.filter((output) => output.dtype === 'float32');
}

/** A fixed weight for every element of an output, none near 0, so that no element can be wrong unseen. */
export function cotangentValues(size: number, output: number): number[] {
  const random = seededRandom(`cotangent/${output}`);
  return Array.from({ length: size }, () => Math.fround(random.uniform(0.5, 1.5) * random.pick([-1, 1])));
}

/** Sum over outputs and elements of `output · weight`. */
function weightedSum(outputs: readonly Tensor[], weights: readonly Tensor[]): Tensor {
  return outputs.reduce<Tensor>((total, output, i) => add(total, sum(mul(output, weights[i]!))), scalar(0));
}

/**
 * Gradients of `Σ weight · f(inputs)`; zeros where it does not depend on an input. With `createGraph` they are
 * differentiable in inputs and weights; an own op is then recorded in parts, and its own rule does not run.
 */
export function vectorJacobian(
  f: TensorFunction,
  inputs: readonly Tensor[],
  wanted: readonly number[],
  weights: readonly Tensor[],
  { createGraph = false }: { createGraph?: boolean } = {},
): Tensor[] {
  const parameters = wanted.map((index) => inputs[index]!);
  try {
    const gradients = grad(() => weightedSum(floating(outputsOf(f, inputs)), weights), parameters, {
      createGraph,
    });
    return gradients;
  } catch (thrown) {
    if (thrown instanceof TapgradError && thrown.code === 'NOT_TRACKED')
      return parameters.map((each) => zerosLike(each));
    throw thrown;
  }
}
