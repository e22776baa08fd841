import { TapgradError } from '@tapgrad/core';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { isDifferentiable, type OpSample, type OpSpec, sampleName, type Tolerance } from './op-spec.ts';
import { sampleInputs } from './sample-inputs.ts';
import { cotangentValues, floating, outputsOf, vectorJacobian } from './vector-jacobian.ts';

/** What one sample of a row gives: every output, and the gradient of every differentiable input. */
export interface SampleResult {
  readonly values: readonly ArrayLike<number>[];
  readonly gradients: readonly ArrayLike<number>[];
}

const defaultTolerance: Tolerance = { absolute: 1e-5, relative: 1e-4 };

/** Runs one sample, forward and backward, on the current backend; the inputs are those that `sampleInputs` makes. */
export async function evaluateSample(spec: OpSpec, sample: OpSample): Promise<SampleResult> {
  const inputs = sampleInputs(spec.kernel, sample);
  const made: Tensor[] = [];
  const f = (...all: Tensor[]): Tensor | Tensor[] => spec.run(all, sample.attrs);
  const wanted = sample.inputs.flatMap((input, i) => (isDifferentiable(input) ? [i] : []));
  try {
    const [outputs, gradients] = tidy(() => {
      const all = outputsOf(f, inputs);
      const weights = floating(all).map((output, i) =>
        tensor(cotangentValues(output.size, i), output.shape, 'float32'),
      );
      return [all, vectorJacobian(f, inputs, wanted, weights)] as [Tensor[], Tensor[]];
    });
    made.push(...outputs, ...gradients);
    return { values: await read(outputs), gradients: await read(gradients) };
  } finally {
    dispose([inputs, made]);
  }
}

/**
 * Compares a row's outputs and gradients on the current backend with those of the float64 engine, sample by sample.
 * @param references what `evaluateSample` gave for each of `spec.samples` on the float64 engine, from the same inputs
 * @throws TapgradError PARITY with op, sample, element and both values
 */
export async function checkParity(spec: OpSpec, references: readonly SampleResult[]): Promise<void> {
  for (const [i, sample] of spec.samples.entries()) {
    const actual = await evaluateSample(spec, sample);
    const expected = references[i]!;
    const { value = defaultTolerance, gradient = defaultTolerance } = spec.float32 ?? {};
    compareAll('output', actual.values, expected.values, value, spec, sample);
    compareAll('gradient of input', actual.gradients, expected.gradients, gradient, spec, sample);
  }
}

function read(tensors: readonly Tensor[]): Promise<ArrayLike<number>[]> {
  return Promise.all(tensors.map(async (each) => (await each.data()) as ArrayLike<number>));
}

function compareAll(
  what: string,
  actual: readonly ArrayLike<number>[],
  expected: readonly ArrayLike<number>[],
  tolerance: Tolerance,
  spec: OpSpec,
  sample: OpSample,
): void {
  for (const [i, reference] of expected.entries()) {
    const values = actual[i]!;
    for (let element = 0; element < Math.max(values.length, reference.length); element++) {
      if (near(values[element]!, reference[element]!, tolerance)) continue;
      throw new TapgradError({
        code: 'PARITY',
        message: `sample "${sampleName(sample)}": ${what} ${i}, element ${element}: ${values[element]}, float64 ${reference[element]}`,
        op: spec.kernel,
      });
    }
  }
}

function near(actual: number, expected: number, { absolute, relative }: Tolerance): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
}
