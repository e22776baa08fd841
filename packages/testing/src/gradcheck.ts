import { TapgradError } from '@tapgrad/core';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { hasFloat64Engine } from './precision.ts';
import { cotangentValues, floating, outputsOf, type TensorFunction, vectorJacobian } from './vector-jacobian.ts';

/** PyTorch's names and defaults. */
export interface GradcheckOptions {
  /** Step of the central differences, in the unit of the input. Default 1e-6. */
  readonly eps?: number;
  /** Absolute tolerance. Default 1e-5. */
  readonly atol?: number;
  /** Relative tolerance, against the numeric gradient. Default 1e-3. */
  readonly rtol?: number;
  /** Which inputs to differentiate. Default: all of dtype float32. */
  readonly differentiable?: readonly boolean[];
}

/**
 * Compares the tape's gradients of `f` with central differences, for a fixed weighting of all outputs and every element
 * of every differentiable input: `|tape - numeric| <= atol + rtol · |numeric|`, the semantics of `torch.autograd.gradcheck`.
 * `f` must be deterministic and use nothing but its inputs; the caller keeps and disposes `inputs`.
 * @throws TapgradError GRADCHECK_PRECISION on a float32 engine, unless eps, atol and rtol are all given;
 * GRADCHECK_FAILED with input, element and both values of the first difference
 */
export function gradcheck(f: TensorFunction, inputs: readonly Tensor[], options: GradcheckOptions = {}): void {
  refuseFloat32(options);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = options;
  const wanted = wantedInputs(inputs, options.differentiable);
  tidy(() => {
    const weights = floating(outputsOf(f, inputs)).map((output, i) =>
      tensor(cotangentValues(output.size, i), output.shape, 'float32'),
    );
    const hostWeights = weights.map((weight) => weight.dataSync());
    const value = (moved: readonly Tensor[]): number =>
      floating(outputsOf(f, moved)).reduce((total, output, i) => total + dot(output.dataSync(), hostWeights[i]!), 0);
    const gradients = vectorJacobian(f, inputs, wanted, weights);
    for (const [position, index] of wanted.entries()) {
      const analytic = gradients[position]!;
      const numeric = centralDifferences(value, inputs, index, eps);
      compare(analytic, numeric, inputs[index]!, { index, atol, rtol });
    }
  });
}

/**
 * `gradcheck` of the gradient itself, as a function of the inputs and of the outputs' gradients: second order.
 * @throws TapgradError as gradcheck
 */
export function gradgradcheck(f: TensorFunction, inputs: readonly Tensor[], options: GradcheckOptions = {}): void {
  refuseFloat32(options);
  const { differentiable, ...tolerances } = options;
  const wanted = wantedInputs(inputs, differentiable);
  tidy(() => {
    const weights = floating(outputsOf(f, inputs)).map((output, i) =>
      tensor(cotangentValues(output.size, i), output.shape, 'float32'),
    );
    const gradient = (...all: Tensor[]): Tensor[] =>
      vectorJacobian(f, all.slice(0, inputs.length), wanted, all.slice(inputs.length), { createGraph: true });
    gradcheck(gradient, [...inputs, ...weights], {
      ...tolerances,
      differentiable: [...inputs.map((_, index) => wanted.includes(index)), ...weights.map(() => true)],
    });
  });
}

function refuseFloat32({ eps, atol, rtol }: GradcheckOptions): void {
  if (hasFloat64Engine() || (eps !== undefined && atol !== undefined && rtol !== undefined)) return;
  throw new TapgradError({
    code: 'GRADCHECK_PRECISION',
    message: 'central differences with a step of 1e-6 mean nothing in float32',
    fix: 'run on the float64 engine, or give eps, atol and rtol that suit float32 (for example 1e-2, 1e-2, 1e-2)',
  });
}

function wantedInputs(inputs: readonly Tensor[], differentiable: readonly boolean[] | undefined): number[] {
  return inputs.flatMap((input, i) => ((differentiable?.[i] ?? true) && input.dtype === 'float32' ? [i] : []));
}

function centralDifferences(
  value: (inputs: readonly Tensor[]) => number,
  inputs: readonly Tensor[],
  index: number,
  eps: number,
): number[] {
  const input = inputs[index]!;
  const values = Array.from(input.dataSync());
  const at = (element: number, moved: number): number =>
    tidy(() => value(inputs.with(index, tensor(values.with(element, moved), input.shape, 'float32'))));
  return values.map((x, element) => (at(element, x + eps) - at(element, x - eps)) / (2 * eps));
}

function compare(
  analytic: Tensor,
  numeric: readonly number[],
  input: Tensor,
  { index, atol, rtol }: { index: number; atol: number; rtol: number },
): void {
  if (analytic.shape.join() !== input.shape.join()) {
    throw new TapgradError({
      code: 'GRADCHECK_FAILED',
      message: `gradient of input ${index} has shape [${analytic.shape}], the input [${input.shape}]`,
    });
  }
  const values = analytic.dataSync();
  const wrong = numeric.flatMap((expected, element) =>
    Math.abs(values[element]! - expected) <= atol + rtol * Math.abs(expected) ? [] : [element],
  );
  const [first] = wrong;
  if (first === undefined) return;
  throw new TapgradError({
    code: 'GRADCHECK_FAILED',
    message:
      `gradient of input ${index} [${input.shape}] differs in ${wrong.length} of ${numeric.length} elements; ` +
      `element ${first}: tape ${values[first]}, central difference ${numeric[first]}`,
    fix: 'compare the rule with the derivative on paper; near a kink or a pole central differences are meaningless',
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}
