import { attach, type Parameter, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { gradcheck } from '@tapgrad/testing';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { disposeBatch, randomTensor, tinyBatch, tinyEncoder } from '../test-models.ts';
import type { LadderOptions } from './options.ts';

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

it.each<[string, LadderOptions]>([
  ['a new classifier', { head: { classes: 3 } }],
  ['mixing after the block', { head: { classes: 3 }, fuse: 'after', drop: [0] }],
  ['the frozen head', { head: 'upsample' }],
])('every parameter of a ladder has the gradient that central differences show, with %s', (_, options) => {
  const model = tinyEncoder({ width: 8, heads: 2, layers: 2, hidden: 8, vocabularySize: 20 }).eval();
  const batch = tinyBatch(2, 3);
  const stack: Stack<Tensor> = attach(model, [ladder({ reduction: 4, init: 'random', temperature: 0.5, ...options })], {
    loss: crossEntropy,
  });
  const trained = [...stack.trainableParameters()];
  for (const [index, [, parameter]] of trained.entries()) {
    const value = randomTensor(parameter.shape, index);
    parameter.assign(value);
    value.dispose();
  }
  const idle = options.drop?.map((layer) => `ladder/side.gates.${layer}`) ?? [];
  const checked = trained.filter(([name]) => !idle.includes(name)).map(([, parameter]) => parameter);
  expect(checked.length).toBeGreaterThan(15);
  gradcheck(
    (...values) => withValues(checked, values as Tensor[], () => crossEntropy(model.call(batch.inputs), batch.targets)),
    checked.map((parameter) => parameter.variable),
  );
  stack.detach();
  model.dispose();
  disposeBatch(batch);
});
