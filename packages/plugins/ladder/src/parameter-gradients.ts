import { type Batch, type Module, type Parameter, type Stack, TapgradError } from '@tapgrad/core';
import { gradcheck } from '@tapgrad/testing';
import type { Tensor } from '@tensorflow/tfjs-core';
import { randomTensor } from './test-models.ts';

/** Runs `f` with other values in place of the parameters'. */
function withValues<T>(parameters: readonly Parameter[], values: readonly Tensor[], f: () => T): T {
  const before = parameters.map(({ onRead }) => onRead);
  for (const [i, parameter] of parameters.entries()) parameter.onRead = () => values[i] as Tensor;
  try {
    return f();
  } finally {
    for (const [i, parameter] of parameters.entries()) parameter.onRead = before[i];
  }
}

/**
 * Gives every parameter that trains a random value, and checks the gradient of the loss with respect to each against
 * central differences. For this package's tests.
 * @param skip parameters that the loss does not depend on
 */
export function checkParameterGradients(
  stack: Stack<Tensor>,
  batch: Batch & { readonly inputs: Tensor },
  { skip = /^$/, least }: { readonly skip?: RegExp; readonly least: number },
): void {
  const trained = [...stack.trainableParameters()];
  for (const [index, [, parameter]] of trained.entries()) {
    const value = randomTensor(parameter.shape, index);
    parameter.assign(value);
    value.dispose();
  }
  const checked = trained.filter(([name]) => !skip.test(name)).map(([, parameter]) => parameter);
  if (checked.length < least)
    throw new TapgradError({ code: 'TEST', message: `only ${checked.length} parameters train` });
  const model = stack.model as Module<[Tensor], Tensor>;
  gradcheck(
    (...values) => withValues(checked, values as Tensor[], () => stack.options.loss(model.call(batch.inputs), batch)),
    checked.map((parameter) => parameter.variable),
  );
}
