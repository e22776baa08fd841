import { grad, type Module, type Parameter, randomStream } from '@tapgrad/core';
import { gradcheck, gradgradcheck } from '@tapgrad/testing';
import { cos, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** A tensor of seeded normal numbers. */
export function randomTensor(shape: readonly number[], seed = 1, deviation = 1): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(randomStream(seed, 'test').normal(size, 0, deviation), [...shape]);
}

/** Moves every parameter away from special values such as 0 and 1. */
function scatterParameters(module: Module<never, unknown>, deviation = 0.5): void {
  let seed = 100;
  for (const parameter of module.namedParameters().values()) {
    const value = randomTensor(parameter.shape, seed++, deviation);
    parameter.assign(value);
    value.dispose();
  }
}

interface ModuleCheck<In extends readonly unknown[]> {
  readonly module: Module<In>;
  /** All inputs; float32 tensors among them are differentiated. */
  readonly inputs: In;
  readonly secondOrder?: boolean;
}

/**
 * Central differences of a module's output by its inputs and by every parameter, and the rules of its own ops against
 * the differentiation of what they are made of. Disposes module and inputs.
 */
export function checkModule<In extends readonly (Tensor | undefined)[]>({
  module,
  inputs,
  secondOrder = false,
}: ModuleCheck<In>): void {
  scatterParameters(module as unknown as Module<never, unknown>);
  tidy(() => void module.call(...inputs));
  const parameters = [...module.namedParameters().values()];
  const given = inputs.filter((input): input is Tensor => input !== undefined);
  const run = (...tensors: Tensor[]): Tensor => {
    const passed = inputs.map((input) => (input ? tensors[given.indexOf(input)] : undefined));
    return withValues(parameters, tensors.slice(given.length), () => module.call(...(passed as unknown as In)));
  };
  const values = parameters.map((parameter) => parameter.variable as Tensor);
  gradcheck(run, [...given, ...values]);
  checkOwnRules(run, [...given, ...values]);
  if (secondOrder) gradgradcheck(run, [...given, ...values]);
  module.dispose();
  for (const input of given) input.dispose();
}

/** With `createGraph` own ops are differentiated op by op; without it by their rules. */
function checkOwnRules(run: (...tensors: Tensor[]) => Tensor, tensors: readonly Tensor[]): void {
  const floats = tensors.filter((each) => each.dtype === 'float32');
  const loss = () => sum(cos(run(...tensors)));
  tidy(() => {
    const composed = grad(loss, floats, { createGraph: true });
    const ruled = grad(loss, floats);
    for (const [i, gradient] of ruled.entries()) {
      const expected = composed[i]?.dataSync() ?? [];
      gradient.dataSync().forEach((value, j) => {
        expect(value).toBeCloseTo(expected[j] as number, 9);
      });
    }
  });
}

/** Runs `f` with other values in place of the parameters'. */
function withValues<T>(parameters: readonly Parameter[], values: readonly Tensor[], f: () => T): T {
  for (const [i, parameter] of parameters.entries()) parameter.onRead = () => values[i] as Tensor;
  try {
    return f();
  } finally {
    for (const parameter of parameters) parameter.onRead = undefined;
  }
}
