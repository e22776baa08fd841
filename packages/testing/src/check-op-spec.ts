import { TapgradError } from '@tapgrad/core';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { dispatchedKernels, recordedKernels } from './dispatched-kernels.ts';
import { gradcheck, gradgradcheck } from './gradcheck.ts';
import { expectNoLeak } from './leaks.ts';
import { isDifferentiable, type OpSample, type OpSpec, sampleName } from './op-spec.ts';
import { seededRandom } from './random.ts';
import { sampleInputs } from './sample-inputs.ts';
import { cotangentValues, floating, outputsOf, type TensorFunction, vectorJacobian } from './vector-jacobian.ts';

export interface CheckOptions {
  /** How many random shapes are tried, where the row can draw them. Default 6. */
  readonly fuzz?: number;
  readonly seed?: number;
}

/**
 * Every float64 check of one row: the kernel is dispatched, gradients and second derivatives equal central differences,
 * drawn shapes too, wrong calls throw, and nothing leaks.
 * @throws TapgradError with the op and the sample: OPSPEC_KERNEL, OPSPEC_ACCEPTED, OPSPEC_SECOND_ORDER, or the check's own code
 */
export function checkOpSpec(spec: OpSpec, { fuzz = 6, seed = 0 }: CheckOptions = {}): void {
  for (const sample of spec.samples) {
    checkSample(spec, sample, seed);
    if (secondOrderOf(spec))
      inSample(spec, sample, seed, (f, inputs, differentiable) => {
        gradgradcheck(f, inputs, { differentiable });
        if (spec.secondOrder === 'zero') expectLinear(f, inputs, differentiable);
      });
  }
  for (let i = 0; spec.fuzz && i < fuzz; i++) {
    checkSample(spec, spec.fuzz(seededRandom(`fuzz/${spec.kernel}`, seed + i)), seed + i);
  }
  checkErrors(spec);
}

/** Forward, gradient and leaks of one sample. */
function checkSample(spec: OpSpec, sample: OpSample, seed: number): void {
  inSample(spec, sample, seed, (f, inputs, differentiable) => {
    const kernels = spec.kernel.startsWith('tapgrad.')
      ? recordedKernels(f, inputs)
      : dispatchedKernels(() => f(...inputs));
    if (!kernels.includes(spec.kernel)) {
      throw new TapgradError({
        code: 'OPSPEC_KERNEL',
        message: `run dispatches ${kernels.join(', ')}, not ${spec.kernel}`,
      });
    }
    gradcheck(f, inputs, { differentiable });
  });
}

function secondOrderOf(spec: OpSpec): boolean {
  return spec.differentiable !== false && typeof (spec.secondOrder ?? true) !== 'object';
}

/** Makes a sample's inputs, runs `check` in a leak count, and says which sample failed. */
function inSample(
  spec: OpSpec,
  sample: OpSample,
  seed: number,
  check: (f: TensorFunction, inputs: readonly Tensor[], differentiable: readonly boolean[]) => void,
): void {
  const f = functionOf(spec, sample);
  try {
    expectNoLeak(() => {
      const inputs = sampleInputs(spec.kernel, sample, seed);
      try {
        check(f, inputs, sample.inputs.map(isDifferentiable));
      } finally {
        dispose(inputs);
      }
    });
  } catch (thrown) {
    throw located(spec, sample, thrown);
  }
}

function functionOf(spec: OpSpec, sample: OpSample): TensorFunction {
  return (...inputs) => spec.run(inputs, sample.attrs);
}

/** The gradient must not depend on the inputs at all. */
function expectLinear(f: TensorFunction, inputs: readonly Tensor[], differentiable: readonly boolean[]): void {
  const wanted = inputs.flatMap((_, index) => (differentiable[index] ? [index] : []));
  tidy(() => {
    const weights = (outputs: readonly Tensor[]): Tensor[] =>
      outputs.map((output, i) => tensor(cotangentValues(output.size, i), output.shape, 'float32'));
    const first = weights(floating(outputsOf(f, inputs)));
    const gradient: TensorFunction = (...moved) => vectorJacobian(f, moved, wanted, first, { createGraph: true });
    const second = weights(outputsOf(gradient, inputs));
    for (const each of vectorJacobian(gradient, inputs, wanted, second)) {
      const nonZero = each.dataSync().find((value) => value !== 0);
      if (nonZero === undefined) continue;
      throw new TapgradError({
        code: 'OPSPEC_SECOND_ORDER',
        message: `a second derivative is ${nonZero}, and should be 0`,
      });
    }
  });
}

function checkErrors(spec: OpSpec): void {
  for (const wrong of spec.errors ?? []) {
    let message: string | undefined;
    const inputs = sampleInputs(spec.kernel, wrong);
    try {
      tidy(() => void spec.run(inputs, wrong.attrs));
    } catch (thrown) {
      message = thrown instanceof Error ? thrown.message : String(thrown);
    } finally {
      dispose(inputs);
    }
    if (message !== undefined && wrong.message.test(message)) continue;
    const problem = message === undefined ? 'a wrong call was accepted' : `a wrong call threw "${message}"`;
    throw located(
      spec,
      wrong,
      new TapgradError({ code: 'OPSPEC_ACCEPTED', message: `${problem}, expected ${wrong.message}` }),
    );
  }
}

function located(spec: OpSpec, sample: OpSample, thrown: unknown): TapgradError {
  const coded = thrown instanceof TapgradError ? thrown : undefined;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TapgradError({
    code: coded?.code ?? 'OPSPEC_THROWN',
    message: `sample "${sampleName(sample)}": ${message}`,
    op: spec.kernel,
    cause: thrown,
  });
}
