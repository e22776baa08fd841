import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attach,
  type Batch,
  definePlugin,
  type GradientMap,
  type LifeCycleContext,
  type Plugin,
  type PluginContext,
  type Stack,
  type TaskTerms,
} from '../index.ts';
import { Dense, Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let model: Mlp;
let batch: Batch;
let other: Batch;
let stack: Stack | undefined;

beforeEach(() => {
  model = new Mlp();
  batch = { inputs: tf.tensor2d([1, 2, 3, -1, 0.5, 0.2], [2, 3]), targets: tf.tensor2d([0, 1, 1, 0], [2, 2]) };
  other = { inputs: tf.tensor2d([0, -2, 1], [1, 3]), targets: tf.tensor2d([1, 1], [1, 2]) };
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  model.dispose();
  tf.dispose([batch, other] as never);
});

function put(...plugins: Plugin[]): Stack {
  stack = attach(model, plugins, { loss: meanSquaredError, optimizer: plainSgd(), seed: 7 });
  return stack;
}

/** A plugin that hands its context out, and others beside it. */
function contextBeside(...others: Plugin[]): PluginContext<unknown> {
  let found: PluginContext<unknown> | undefined;
  const probe = definePlugin({ name: 'probe', apply: (context) => void (found = context as PluginContext<unknown>) });
  put(...others, probe());
  return found as PluginContext<unknown>;
}

const doubling = definePlugin({
  name: 'doubling',
  apply({ hooks, addModule }) {
    const side = addModule('side', new Dense(2, 2, 9));
    hooks.tap(':output').forward((y) => side.call(tf.mul(y, 2)));
  },
});

/** A penalty on the first weight, as a loss term. */
const penalty = definePlugin({
  name: 'penalty',
  apply({ hooks, model: target }) {
    const weight = target.namedParameters().get('layers.0.weight');
    hooks.loss.tap((terms) => ({ ...terms, penalty: tf.sum(tf.square(weight?.read() as tf.Tensor)) }));
  },
});

function stateOf() {
  return (stack as Stack).state();
}

function numbers(of: GradientMap): Record<string, number[]> {
  return Object.fromEntries([...of].map(([name, each]) => [name, [...each.dataSync()]]));
}

function predicted(predict: (...inputs: unknown[]) => unknown): number[] {
  return tf.tidy(() => [...(predict(batch.inputs) as tf.Tensor).dataSync()]);
}

describe('a snapshot of a stack', () => {
  it('gives what model and plugins gave then, taps and all', async () => {
    const { snapshotStack } = contextBeside(doubling());
    const teacher = snapshotStack();
    const before = predicted((...inputs) => stack?.predict(...inputs));
    for (let i = 0; i < 3; i++) await (await stack?.step(batch))?.loss;
    expect(predicted((...inputs) => stack?.predict(...inputs))).not.toEqual(before);
    expect(predicted((...inputs) => teacher.predict(...inputs))).toEqual(before);
    expect(model.training).toBe(true);
    expect([...teacher.values.keys()]).toContain('doubling/side.weight');
  });

  it('can be made from the values of another, as after a checkpoint', async () => {
    const { snapshotStack } = contextBeside(doubling());
    const teacher = snapshotStack();
    const before = predicted((...inputs) => teacher.predict(...inputs));
    await (await stack?.step(batch))?.loss;
    const again = snapshotStack({ values: teacher.values });
    teacher.dispose();
    expect(predicted((...inputs) => again.predict(...inputs))).toEqual(before);
  });

  it('runs in the middle of a step without being recorded', async () => {
    const context = contextBeside(doubling());
    const teacher = context.snapshotStack();
    const expected = predicted((...inputs) => teacher.predict(...inputs));
    let seen: number[] = [];
    let tracked = true;
    context.hooks.loss.tap((terms, { batch: given, tape }) => {
      const outputs = teacher.predict(given.inputs) as tf.Tensor;
      seen = [...outputs.dataSync()];
      tracked = tape?.tracks(outputs) ?? true;
      expect(context.pass()).toBeDefined();
      return terms;
    });
    await (await stack?.step(batch))?.loss;
    expect(seen).toEqual(expected);
    expect(tracked).toBe(false);
  });
});

describe('gradients of the task loss', () => {
  it('are those of another batch, without the terms of plugins', () => {
    const context = contextBeside(penalty());
    const made = context.taskGradients(other);
    expect(Object.keys(made.terms)).toEqual(['task']);
    const seen = numbers(made.gradients);
    tf.dispose([...made.gradients.values(), ...Object.values(made.terms)]);
    stack?.detach('penalty');
    const alone = stack?.gradientsOf(other) as ReturnType<Stack['gradientsOf']>;
    expect(seen).toEqual(numbers(alone.gradients));
    alone.dispose();
  });

  it('are asked for parameters by name, also inside a step', async () => {
    const context = contextBeside();
    let names: string[] = [];
    context.hooks.gradients.step.tap(() => {
      const parameters = new Map([...context.trainableParameters()].filter(([name]) => name.endsWith('bias')));
      const made = context.taskGradients(other, { parameters });
      names = [...made.gradients.keys()].sort();
      tf.dispose([...made.gradients.values(), ...Object.values(made.terms)]);
    });
    await (await stack?.step(batch))?.loss;
    expect(names).toEqual(['layers.0.bias', 'layers.1.bias']);
  });

  it('may have terms added that need the outputs', () => {
    const context = contextBeside(doubling());
    const loss: TaskTerms = (terms, { outputs, batch: given }) => {
      expect(given).toBe(other);
      return { ...terms, squares: tf.sum(tf.square(outputs as tf.Tensor)) };
    };
    const [plain, made] = [context.taskGradients(other), context.taskGradients(other, { loss })];
    expect(Object.keys(made.terms)).toEqual(['task', 'squares']);
    expect(numbers(made.gradients)).not.toEqual(numbers(plain.gradients));
    for (const { terms, gradients } of [plain, made]) tf.dispose([...gradients.values(), ...Object.values(terms)]);
  });

  it('of single samples are without the terms of plugins too', () => {
    const context = contextBeside(penalty());
    const seen: number[][] = [];
    context.perSampleGradients(batch, { parameters: 'layers.0.weight' }, (gradients) => {
      seen.push([...(gradients.get('layers.0.weight') as tf.Tensor).dataSync()]);
    });
    stack?.detach('penalty');
    const whole = stack?.gradientsOf(batch) as ReturnType<Stack['gradientsOf']>;
    const expected = [...(whole.gradients.get('layers.0.weight') as tf.Tensor).dataSync()];
    whole.dispose();
    for (const [i, value] of expected.entries()) {
      expect(((seen[0]?.[i] ?? 0) + (seen[1]?.[i] ?? 0)) / 2).toBeCloseTo(value, 12);
    }
  });
});

describe('gradients of single samples', () => {
  it('come with the loss of each, for parameters chosen by a function', () => {
    const context = contextBeside(penalty());
    const losses: number[] = [];
    context.perSampleGradients(batch, { parameters: (name) => name.endsWith('bias') }, (gradients, _, loss) => {
      expect([...gradients.keys()].sort()).toEqual(['layers.0.bias', 'layers.1.bias']);
      losses.push(loss.dataSync()[0] ?? Number.NaN);
    });
    const whole = context.taskGradients(batch);
    expect(((losses[0] ?? 0) + (losses[1] ?? 0)) / 2).toBeCloseTo(whole.terms.task?.dataSync()[0] ?? Number.NaN, 12);
    tf.dispose([...whole.gradients.values(), ...Object.values(whole.terms)]);
  });
});

describe('the loss hook', () => {
  it('can ask for the user’s loss of other outputs', async () => {
    const { hooks } = contextBeside();
    let values: number[] = [];
    hooks.loss.tap((terms, { forward, taskLoss }) => {
      const replayed = taskLoss(forward(other.inputs), other);
      values = [terms.task as tf.Tensor, replayed].map((each) => each.dataSync()[0] ?? Number.NaN);
      return { ...terms, replayed };
    });
    const result = await stack?.step(batch);
    expect(await result?.terms).toEqual({ task: values[0], replayed: values[1] });
  });
});

describe('terms kept apart', () => {
  it('cost no second backward where there is only one, and are the same', async () => {
    const { hooks } = contextBeside();
    let [apart, whole]: Record<string, number[]>[] = [{}, {}];
    let backwards = 0;
    hooks.tap('layers.0:output').backward(() => void backwards++);
    hooks.loss.keepApart('task');
    hooks.gradients.step.tap((all, { byTerm }) => {
      apart = numbers(byTerm.get('task') as GradientMap);
      whole = numbers(all);
    });
    await (await stack?.step([batch, batch]))?.loss;
    expect(apart).toEqual(whole);
    expect(backwards).toBe(2);
  });
});

/** A plugin with one more module at each task. */
const growing = definePlugin({
  name: 'growing',
  apply({ hooks, addModule, remove }) {
    let count = 0;
    const grow = () => addModule(`part${count}`, new Dense(2, 2, 20 + count++));
    const shrink = () => remove(`part${--count}`);
    const begin = ({ task }: LifeCycleContext) => {
      while (task && count < task.index) grow();
    };
    hooks.task.begin.tap(begin);
    return {
      saveState: () => ({ json: count }),
      reshape(json) {
        while (count < (json as number)) grow();
        while (count > (json as number)) shrink();
      },
    };
  },
});

describe('a plugin that grows', () => {
  const grownTo = async (index: number) => {
    await stack?.begin('task', { index, task: { index, name: 'a task', classes: [], batches: () => [] } });
  };
  const names = () => [...(stack?.namedParameters().keys() ?? [])].filter((name) => name.startsWith('growing/'));

  it('takes the shape of the state that is loaded, larger or smaller', async () => {
    put(growing());
    const tensors = tf.memory().numTensors;
    await grownTo(1);
    const copies = (tensorsOf: ReadonlyMap<string, tf.Tensor>) =>
      new Map([...tensorsOf].map(([name, each]) => [name, tf.keep(tf.mul(each, 1))]));
    const { tensors: live, json } = stateOf();
    const small = { tensors: copies(live), json };
    await grownTo(2);
    const large = { tensors: copies(stack?.state().tensors ?? new Map()), json: stack?.state().json ?? json };
    stack?.loadState(small);
    expect(names()).toEqual(['growing/part0.weight', 'growing/part0.bias']);
    stack?.loadState(large);
    expect(names()).toHaveLength(4);
    const loaded = stack?.namedParameters().get('growing/part1.weight')?.variable.dataSync();
    expect([...(loaded ?? [])]).toEqual([...(large.tensors.get('growing/part1.weight')?.dataSync() ?? [0])]);
    tf.dispose([...small.tensors.values(), ...large.tensors.values()]);
    stack?.detach('growing');
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('is as it was after a state that does not fit', async () => {
    put(growing());
    await grownTo(2);
    const weight = stack?.namedParameters().get('growing/part1.weight');
    const changed = tf.fill([2, 2], 0.25);
    weight?.assign(changed);
    changed.dispose();
    const { json } = stateOf();
    const tensors = tf.memory().numTensors;
    const wrong = { ...json, plugins: { growing: { options: {}, state: 1 } } };
    expect(() => stack?.loadState({ tensors: new Map(), json: wrong })).toThrow(/STATE_MISMATCH.*growing\/part0/s);
    expect(names()).toHaveLength(4);
    const now = stack?.namedParameters().get('growing/part1.weight')?.variable.dataSync();
    expect([...(now ?? [])]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('the modules of a stack', () => {
  it('are the model’s and the plugins’, by path', () => {
    const { modules } = contextBeside(doubling());
    expect(modules().map(({ path }) => path)).toEqual(['', 'layers.0', 'layers.1', 'doubling/side']);
  });
});

describe('a conflict with a reason', () => {
  it('is told with it', () => {
    const one = definePlugin({ name: 'one', conflicts: [{ plugin: 'two', why: 'both own the head' }], apply() {} });
    const two = definePlugin({ name: 'two', apply() {} });
    expect(() => put(two(), one())).toThrow(/PLUGIN_CONFLICT: one cannot be attached together with two: both own the/);
  });
});

describe('a plugin', () => {
  it('can be asked whether it is enabled', () => {
    const { enabled } = contextBeside();
    expect(enabled()).toBe(true);
    stack?.setEnabled('probe', false);
    expect(enabled()).toBe(false);
  });
});
