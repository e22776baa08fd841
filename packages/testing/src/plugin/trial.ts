import { attach, type Batch, disposeBatch, type Module, type Plugin, type Stack } from '@tapgrad/core';
import { adamw } from '@tapgrad/train';
import { dispose, engine, type Tensor } from '@tensorflow/tfjs-core';
import type { ModelSpec } from './plugin-spec.ts';
import { SwitchedOptimizer } from './switched-optimizer.ts';
import { firstDifference, isTensor, type Values, valuesIn, valuesOf } from './values.ts';

export interface TrialOptions {
  readonly plugins: readonly (Plugin | readonly Plugin[])[];
  readonly seed?: number;
  readonly optimizer?: SwitchedOptimizer;
  /** Names of plugins that are disabled before anything is learned. */
  readonly disabled?: readonly string[];
}

/** A plugin on a fresh model, with an optimizer and data. */
export interface Trial {
  readonly stack: Stack;
  readonly model: Module<never, unknown>;
  readonly optimizer: SwitchedOptimizer;
  batch(index: number): Batch;
  /** One update from batch number `index`; gives the loss. */
  step(index: number): Promise<number>;
  /** What the model predicts for batch number `index`. */
  predict(index: number): Promise<Values>;
  /** While set, the loss throws. */
  failing: Error | undefined;
}

const learningRate = 1e-2;

/** Attaches plugins to a fresh model, lets `f` try them, and takes everything away again. */
export async function trial<T>(on: ModelSpec, options: TrialOptions, f: (trial: Trial) => Promise<T>): Promise<T> {
  const model = on.model();
  const batches = new Map<number, Batch>();
  const optimizer = options.optimizer ?? new SwitchedOptimizer(adamw({ learningRate }));
  const batch = (index: number): Batch => {
    const known = batches.get(index) ?? on.batch(index);
    batches.set(index, known);
    return known;
  };
  let stack: Stack | undefined;
  try {
    // A lazy parameter would appear later as one buffer more.
    model.state();
    const made: { failing: Error | undefined } = { failing: undefined };
    const attached = attach<unknown>(model, options.plugins, {
      loss(outputs, given) {
        if (made.failing) throw made.failing;
        return on.loss(outputs, given);
      },
      optimizer,
      seed: options.seed ?? 3,
    });
    stack = attached;
    for (const name of options.disabled ?? []) attached.setEnabled(name, false);
    await on.begin?.(attached);
    const all = Object.assign(made, {
      stack: attached,
      model,
      optimizer,
      batch,
      step: async (index: number) => (await attached.step(batch(index))).loss,
      predict: (index: number) => predicted(attached, batch(index)),
    });
    return await f(all);
  } finally {
    try {
      stack?.detach();
    } finally {
      optimizer.dispose();
      model.dispose();
      for (const each of batches.values()) disposeBatch(each);
    }
  }
}

/** The model's outputs for a batch's inputs, in evaluation mode. */
async function predicted(stack: Stack, { inputs }: Batch): Promise<Values> {
  const outputs = stack.predict(...(isTensor(inputs) ? [inputs] : inputs));
  const values = await valuesIn(outputs);
  dispose(outputs as Tensor);
  return values;
}

/** Names of the plugins in a use, or in a list. */
export function namesOf(plugins: Plugin | readonly Plugin[]): string[] {
  return [plugins].flat().map(({ declaration }) => declaration.name);
}

/** Tensors and buffers that the engine holds. */
export function count(): { readonly tensors: number; readonly buffers: number } {
  const { numTensors, numDataBuffers } = engine().state;
  return { tensors: numTensors, buffers: numDataBuffers };
}

/** What a run of some steps comes to. */
export interface Course {
  readonly losses: readonly number[];
  readonly predictions: Values;
  readonly state: Values;
}

/** Trains on batches `first`, `first + 1`, … and tells what came of it. */
export async function course({ step, predict, stack }: Trial, steps: number, first = 0): Promise<Course> {
  const losses: number[] = [];
  for (let index = first; index < first + steps; index++) losses.push(await step(index));
  return { losses, predictions: await predict(0), state: await valuesOf(stack.state().tensors) };
}

/** In what a course differs from the one that it should be, bit for bit. */
export function differenceOf(actual: Course, expected: Course): string | undefined {
  const step = expected.losses.findIndex((loss, i) => !Object.is(loss, actual.losses[i]));
  if (step >= 0) return `the loss of step ${step} is ${actual.losses[step]}, expected ${expected.losses[step]}`;
  const parameter = firstDifference(actual.state, expected.state);
  if (parameter !== undefined) return `after training ${parameter}`;
  const output = firstDifference(actual.predictions, expected.predictions);
  return output === undefined ? undefined : `in prediction ${output}`;
}
