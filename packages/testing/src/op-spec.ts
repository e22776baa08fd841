import type { Tensor } from '@tensorflow/tfjs-core';
import type { SeededRandom } from './random.ts';

/** How one tensor input of a sample is made. Values are drawn from a stream seeded by kernel, sample and input number. */
export interface InputSpec {
  readonly shape: readonly number[];
  /** Default `float32`. */
  readonly dtype?: 'float32' | 'int32' | 'bool' | 'complex64';
  /** `[low, high)` that values are drawn from (integers for int32). Default `[-2, 2)`, int32 `[0, 4)`. */
  readonly range?: readonly [low: number, high: number];
  /** Points with a kink, a pole or a jump: no value comes nearer than 0.05. */
  readonly avoid?: readonly number[];
  /** No two values nearer than a tenth of their mean spacing, for kernels that compare them (max, sort). */
  readonly distinct?: boolean;
  /** These values exactly, instead of random ones (for indices, conditions, poles). */
  readonly values?: readonly number[];
  /** A float input that the rule treats as constant: no gradient is asked of it. */
  readonly constant?: boolean;
}

/** One call of the op: its inputs and its options. */
export interface OpSample<Attrs = unknown> {
  /** Shown in test names; default is made of shapes and attrs. */
  readonly name?: string;
  readonly inputs: readonly InputSpec[];
  readonly attrs?: Attrs;
}

/** A call that must throw in forward. */
export interface OpErrorCase<Attrs = unknown> extends OpSample<Attrs> {
  readonly message: RegExp;
}

/** `|actual - expected| <= absolute + relative * |expected|`. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * One row per gradient rule: what the float64 gradient checks, the second order, the float32 parity of each
 * backend, the shape fuzzing and the leak tests of that kernel run on.
 */
export interface OpSpec<Attrs = unknown> {
  /** Name of the kernel whose rule this row tests; `run` must dispatch it. */
  readonly kernel: string;
  /** Calls the public op. Only tensors in `inputs` may be used; several outputs are returned as an array. */
  run(inputs: readonly Tensor[], attrs: Attrs): Tensor | Tensor[];
  readonly samples: readonly OpSample<Attrs>[];
  /** Draws another sample: shapes of any rank and extent that the op allows, extents of 1 included. */
  fuzz?(random: SeededRandom): OpSample<Attrs>;
  readonly errors?: readonly OpErrorCase<Attrs>[];
  /**
   * `true` (default): gradgradcheck runs. `'zero'`: piecewise linear, the gradient does not depend on the inputs
   * (gradgradcheck runs, and the second derivative must be exactly zero). `{ none }`: no second order, and why.
   */
  readonly secondOrder?: true | 'zero' | { readonly none: string };
  /** `false`: the output is constant for the tape (comparisons, rounding); a gradient through it is zero. Default `true`. */
  readonly differentiable?: boolean;
  /** Float32 against float64. Default absolute 1e-5, relative 1e-4. */
  readonly float32?: { readonly value?: Tolerance; readonly gradient?: Tolerance };
}

/** Checks a row's type where it is written (attributes are inferred from its samples). */
export function opSpec<Attrs = undefined>(spec: OpSpec<Attrs>): OpSpec {
  return spec as OpSpec;
}

/** Whether a gradient with respect to this input is checked. */
export function isDifferentiable(input: InputSpec): boolean {
  return (input.dtype ?? 'float32') === 'float32' && !input.constant;
}

/** A readable name of a sample: its own, or its shapes and attributes. */
export function sampleName(sample: OpSample): string {
  if (sample.name !== undefined) return sample.name;
  const inputs = sample.inputs.map(
    (input) => `${input.dtype === undefined ? '' : input.dtype}[${input.shape.join(',')}]`,
  );
  const attrs = sample.attrs === undefined ? '' : ` ${JSON.stringify(sample.attrs)}`;
  return inputs.join(' ') + attrs;
}
