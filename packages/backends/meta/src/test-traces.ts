import { grad, TapgradError } from '@tapgrad/core';
import { isDifferentiable, type OpSample, type OpSpec, sampleInputs } from '@tapgrad/testing';
import { addN, dispose, engine, Fill, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** What one sample of a row ran and made, values aside. */
export interface Trace {
  /** Every kernel but Fill in order, with what it made: dtype and shape, and `=` where that is the buffer of an input. */
  readonly kernels: readonly string[];
  readonly outputs: readonly string[];
  readonly gradients: readonly string[];
}

/** Runs a sample forward and backward on the current backend. */
export function traceOf(spec: OpSpec, sample: OpSample): Trace {
  const inputs = sampleInputs(spec.kernel, sample);
  const kernels: string[] = [];
  const stop = watchKernels((line) => kernels.push(line));
  try {
    return tidy(() => {
      const outputs = [spec.run(inputs, sample.attrs)].flat();
      const wanted = inputs.filter((_, index) => isDifferentiable(sample.inputs[index]!));
      return { kernels, outputs: outputs.map(described), gradients: gradientsOf(spec, sample, inputs, wanted) };
    });
  } finally {
    stop();
    dispose(inputs);
  }
}

function gradientsOf(spec: OpSpec, sample: OpSample, inputs: Tensor[], wanted: Tensor[]): string[] {
  const total = () => {
    const floats = [spec.run(inputs, sample.attrs)].flat().filter(({ dtype }) => dtype === 'float32');
    return addN(floats.map((each) => sum(each)));
  };
  if (wanted.length === 0) return [];
  try {
    return grad(total, wanted).map(described);
  } catch (thrown) {
    // What has no gradient, or no float to have one of, says so on every backend.
    return [thrown instanceof TapgradError ? thrown.code : 'no float'];
  }
}

function described({ dtype, shape }: Tensor): string {
  return `${dtype}[${shape}]`;
}

function watchKernels(tell: (line: string) => void): () => void {
  const target = engine();
  const original = target.runKernel;
  target.runKernel = function (this: typeof target, name, inputs, attrs) {
    const made = original.call(target, name, inputs, attrs) as Tensor | Tensor[];
    const given = new Set(Object.values(inputs).map((each) => each?.dataId));
    const lines = [made].flat().map((each) => `${given.has(each.dataId) ? '=' : ''}${described(each)}`);
    // What wasm is given by the host (a dropout mask), meta fills.
    if (name !== Fill) tell(`${name} ${lines.join(' ')}`);
    return made;
  } as typeof original;
  return () => {
    delete (target as { runKernel?: unknown }).runKernel;
  };
}
