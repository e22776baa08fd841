import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attach,
  type Batch,
  BufferTensor,
  checkpoint,
  currentRandom,
  definePlugin,
  disposeBatch,
  dropout,
  Module,
  type Parameter,
  ParameterVector,
  type PluginContext,
  randomContext,
  type Stack,
  withRandom,
} from '../index.ts';
import { Dense, Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let batch: Batch;
let stack: Stack | undefined;

beforeEach(() => {
  batch = { inputs: tf.tensor2d([1, 2, 3, -1, 0.5, 0.2], [2, 3]), targets: tf.tensor2d([0, 1, 1, 0], [2, 2]) };
});

afterEach(() => {
  stack?.model.dispose();
  stack?.detach();
  stack = undefined;
  disposeBatch(batch);
});

/** Attaches a plugin that hands its context out. */
function contextOn(model: Module<never, unknown>): PluginContext<unknown> {
  let found: PluginContext<unknown> | undefined;
  const probe = definePlugin({ name: 'probe', apply: (context) => void (found = context as PluginContext<unknown>) });
  stack = attach(model, [probe()], { loss: meanSquaredError, optimizer: plainSgd(), seed: 7 });
  return found as PluginContext<unknown>;
}

/** Counts its training forwards in a buffer, and drops half of its input. */
class Counting extends Module {
  readonly dense = new Dense(3, 2, 1);
  readonly count = new BufferTensor(tf.scalar(0));

  forward(x: tf.Tensor): tf.Tensor {
    if (this.training) this.count.assign(tf.add(this.count.read(), 1));
    return this.dense.call(this.training ? dropout(x, 0.5) : x);
  }
}

function countOf(model: Counting): number {
  return model.count.variable.dataSync()[0] ?? Number.NaN;
}

describe('a frozen snapshot', () => {
  it('keeps parameters, buffers and mode while the model trains on', async () => {
    const model = new Counting();
    const { snapshot } = contextOn(model as never);
    model.eval();
    const teacher = snapshot(model);
    const before = tf.tidy(() => [...teacher.call(batch.inputs as tf.Tensor).dataSync()]);
    model.train();
    for (let i = 0; i < 3; i++) await (await stack?.step(batch))?.loss;
    expect(tf.tidy(() => [...teacher.call(batch.inputs as tf.Tensor).dataSync()])).toEqual(before);
    expect(countOf(model)).toBe(3);
    expect(model.training).toBe(true);
    const now = tf.tidy(() => [
      ...model
        .eval()
        .call(batch.inputs as tf.Tensor)
        .dataSync(),
    ]);
    expect(now).not.toEqual(before);
  });

  it('survives an update in place and is counted as the plugin’s', () => {
    const model = new Counting();
    const { snapshot, ledger, model: target } = contextOn(model as never);
    const teacher = snapshot(target);
    const buffers = teacher.tensors().map((each) => each.dataId);
    expect([...model.state().values()].some((each) => buffers.includes(each.dataId))).toBe(false);
    expect(ledger.now().categories.plugin).toBe(4 * (3 * 2 + 2 + 1));
  });
});

describe('a shadow forward', () => {
  it('leaves no statistics, no draws and no tape behind', () => {
    const model = new Counting();
    const { shadow } = contextOn(model as never);
    model.call(batch.inputs as tf.Tensor).dispose();
    const next = currentRandom('probe').bits();
    expect(countOf(model)).toBe(1);
    shadow(() => {
      model.call(batch.inputs as tf.Tensor).dispose();
      currentRandom('probe').bits();
    });
    expect(countOf(model)).toBe(1);
    expect(currentRandom('probe').bits()).not.toBe(next);
  });

  it('draws what the forward after it draws', () => {
    const model = new Counting();
    const { shadow } = contextOn(model as never);
    const forward = () => tf.tidy(() => [...model.call(batch.inputs as tf.Tensor).dataSync()]);
    withRandom(randomContext(3), () => expect(shadow(forward)).toEqual(forward()));
  });
});

describe('the parameter vector', () => {
  it('flattens, adds and restores bit for bit', () => {
    const model = new Mlp();
    const { parameterVector } = contextOn(model as never);
    const vector = parameterVector();
    expect(vector.manifest.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['layers.0.weight', 0, 12],
      ['layers.0.bias', 12, 4],
      ['layers.1.weight', 16, 8],
      ['layers.1.bias', 24, 2],
    ]);
    const before = vector.flatten();
    const direction = tf.tensor1d(Array.from({ length: 26 }, (_, i) => i / 3));
    vector.axpy(0.1, direction);
    const moved = vector.flatten();
    expect(moved.dataSync()[5]).toBeCloseTo((before.dataSync()[5] ?? 0) + 5 / 30, 12);
    vector.restore(before);
    const after = vector.flatten();
    expect([...after.dataSync()]).toEqual([...before.dataSync()]);
    const parts = vector.split(direction);
    expect(parts.get('layers.1.weight')?.shape).toEqual([4, 2]);
    tf.dispose([before, direction, moved, after, ...parts.values()]);
  });

  it('refuses a vector of another size', () => {
    const vector = new ParameterVector(new Map<string, Parameter>());
    const wrong = tf.ones([2]);
    expect(() => vector.restore(wrong)).toThrow(/SHAPE_MISMATCH/);
    wrong.dispose();
  });
});

describe('random streams of a plugin', () => {
  it('are keyed by seed, plugin, step and name', async () => {
    const model = new Mlp();
    const { random } = contextOn(model as never);
    const first = random('noise').next();
    expect(random('noise').next()).toBe(first);
    expect(random('other').next()).not.toBe(first);
    await (await stack?.step(batch))?.loss;
    expect(random('noise').next()).not.toBe(first);
  });
});

describe('per-sample gradients', () => {
  it('are those of each sample by itself, for the parameters named', () => {
    const model = new Mlp();
    const { perSampleGradients } = contextOn(model as never);
    const sums = new Map<string, number[]>();
    const samples: number[] = [];
    perSampleGradients(batch, { parameters: 'layers.1.*' }, (gradients, sample) => {
      samples.push(sample);
      for (const [name, each] of gradients) {
        const values = [...each.dataSync()];
        sums.set(
          name,
          values.map((value, i) => value / 2 + (sums.get(name)?.[i] ?? 0)),
        );
      }
    });
    expect(samples).toEqual([0, 1]);
    expect([...sums.keys()].sort()).toEqual(['layers.1.bias', 'layers.1.weight']);
    const whole = (stack as Stack).gradientsOf(batch);
    for (const [name, values] of sums) {
      for (const [i, value] of (whole.gradients.get(name)?.dataSync() ?? []).entries())
        expect(values[i]).toBeCloseTo(value, 12);
    }
    whole.dispose();
  });
});

describe('state', () => {
  const counter = definePlugin({
    name: 'counter',
    apply({ addModule, hooks, keep }) {
      addModule('side', new Dense(2, 2, 4));
      let steps = 0;
      const total = keep(tf.tidy(() => tf.variable(tf.scalar(0))));
      hooks.step.end.tap(() => {
        steps++;
        tf.tidy(() => total.assign(tf.add(total, 2)));
      });
      return {
        saveState: () => ({ tensors: new Map([['total', total]]), json: { steps } }),
        loadState({ tensors, json }) {
          steps = (json as { steps: number }).steps;
          total.assign(tensors?.get('total') as tf.Scalar);
        },
      };
    },
  });

  it('of model and plugins goes out and comes back', async () => {
    const make = () => attach(new Mlp(), [counter()], { loss: meanSquaredError, optimizer: plainSgd() });
    const first = make();
    for (let i = 0; i < 2; i++) await (await first.step(batch)).loss;
    const { tensors, json } = first.state();
    const copy = new Map([...tensors].map(([name, each]) => [name, tf.tensor(each.dataSync(), each.shape)]));
    expect([...copy.keys()]).toContain('counter/side.weight');
    expect([...copy.keys()]).toContain('counter/state/total');
    const second = make();
    second.loadState({ tensors: copy, json: JSON.parse(JSON.stringify(json)) });
    expect(second.steps).toBe(2);
    expect(second.state().json).toEqual(json);
    expect(await (await second.step(batch)).loss).toBe(await (await first.step(batch)).loss);
    tf.dispose([...copy.values()]);
    for (const each of [first, second]) {
      each.model.dispose();
      each.detach();
    }
  });

  it('that does not fit is refused before anything changes', () => {
    const model = new Mlp();
    stack = attach(model, [counter()], { loss: meanSquaredError, optimizer: plainSgd() });
    const { tensors, json } = stack.state();
    const before = [...(model.layers[0]?.weight.variable.dataSync() ?? [])];
    const wrong = new Map<string, tf.Tensor>(tensors);
    const zeros = tf.zeros([3, 4]);
    wrong.set('layers.0.weight', zeros);
    wrong.set('layers.1.bias', zeros);
    wrong.delete('counter/side.bias');
    expect(() => stack?.loadState({ tensors: wrong, json })).toThrow(
      /STATE_MISMATCH.*counter\/side\.bias is missing.*layers\.1\.bias is \[2\], the state has \[3,4\]/,
    );
    expect([...(model.layers[0]?.weight.variable.dataSync() ?? [])]).toEqual(before);
    zeros.dispose();
  });
});

describe('what trains', () => {
  it('is asked anew at each step', async () => {
    let frozen = true;
    const filter = definePlugin({
      name: 'filter',
      apply: ({ filterTrainable }) =>
        filterTrainable((name) => (name.startsWith('layers.0') && frozen ? false : undefined)),
    });
    const model = new Mlp();
    stack = attach(model, [filter()], { loss: meanSquaredError, optimizer: plainSgd() });
    const weights = () => [...(model.layers[0]?.weight.variable.dataSync() ?? [])];
    const before = weights();
    await (await stack.step(batch)).loss;
    expect(weights()).toEqual(before);
    frozen = false;
    await (await stack.step(batch)).loss;
    expect(weights()).not.toEqual(before);
  });
});

describe('modules that a plugin keeps in evaluation', () => {
  it('are in it during the forward of a step, as before afterwards, and left alone when it is disabled', async () => {
    const seen: boolean[] = [];
    let failing = false;
    const keeper = definePlugin({
      name: 'keeper',
      apply: ({ model, keepInEvaluation }) => keepInEvaluation([model.namedModules().get('layers.0') as never]),
    });
    const watcher = definePlugin({
      name: 'watcher',
      apply({ hooks }) {
        hooks.tap('layers.*:input').forward((_, { training }) => {
          seen.push(training);
          if (failing) throw new Error('fault');
        });
      },
    });
    const model = new Mlp();
    stack = attach(model, [keeper(), watcher()], { loss: meanSquaredError, optimizer: plainSgd() });
    await (await stack.step(batch)).loss;
    expect(seen.splice(0)).toEqual([false, true]);
    failing = true;
    await expect(stack.step(batch)).rejects.toThrow('fault');
    failing = false;
    expect([...model.namedModules().values()].every(({ training }) => training)).toBe(true);
    seen.length = 0;
    stack.setEnabled('keeper', false);
    await (await stack.step(batch)).loss;
    expect(seen).toEqual([true, true]);
  });

  it('are in it where backward runs a checkpointed segment again', async () => {
    const seen: string[] = [];
    const keeper = definePlugin({
      name: 'keeper',
      apply({ model, keepInEvaluation, hooks }) {
        keepInEvaluation(model.namedModules().values());
        hooks.tap('layers.1:input').forward((_, { phase, training }) => void seen.push(`${phase} ${training}`));
      },
    });
    class Checkpointed extends Mlp {
      override forward(x: tf.Tensor): tf.Tensor {
        return checkpoint((value) => super.forward(value), x);
      }
    }
    stack = attach(new Checkpointed(), [keeper()], { loss: meanSquaredError, optimizer: plainSgd() });
    await (await stack.step(batch)).loss;
    stack.gradientsOf(batch).dispose();
    expect(seen).toEqual(['forward false', 'recompute false', 'forward false', 'recompute false']);
    expect(stack.model.training).toBe(true);
  });
});

describe('the pass that runs', () => {
  it('is known to taps with its batch, weight and a scope that lives until the loss, and to nobody else', async () => {
    const seen: unknown[] = [];
    let pass: PluginContext<unknown>['pass'] | undefined;
    const watcher = definePlugin({
      name: 'watcher',
      apply(context) {
        pass = context.pass;
        let made: tf.Tensor | undefined;
        context.hooks.tap('layers.0:input').forward((x) => {
          const running = context.pass();
          seen.push(running && [running.mode, running.weight, running.batch === batch, running.tape !== undefined]);
          made = running?.scope.run(() => tf.sum(x));
        });
        context.hooks.loss.tap((terms) => ({ ...terms, made: made as tf.Tensor }));
      },
    });
    const model = new Mlp();
    stack = attach(model, [watcher()], { loss: meanSquaredError, optimizer: plainSgd() });
    const { terms } = await stack.step([batch, batch]);
    expect((await terms).made).toBeCloseTo(6.7 - 1, 5);
    await stack.evaluate([batch]);
    tf.dispose(stack.predict(batch.inputs) as tf.Tensor);
    expect(seen).toEqual([
      ['train', 0.5, true, true],
      ['train', 0.5, true, true],
      ['evaluate', 1, true, false],
      undefined,
    ]);
    expect(pass?.()).toBeUndefined();
  });
});

describe('statistics that a forward counts', () => {
  it('are as before after a step that failed, and nothing of them is left', async () => {
    let failing = true;
    const failer = definePlugin({
      name: 'failer',
      apply({ hooks }) {
        hooks.gradients.step.tap(() => {
          if (failing) throw new Error('fault');
        });
      },
    });
    const model = new Counting();
    stack = attach(model, [failer()], { loss: meanSquaredError, optimizer: plainSgd() });
    const count = () => countOf(model);
    const before = [count(), tf.memory().numTensors];
    await expect(stack.step([batch, batch])).rejects.toThrow('fault');
    expect([count(), tf.memory().numTensors]).toEqual(before);
    failing = false;
    await (await stack.step([batch, batch])).loss;
    expect([count(), tf.memory().numTensors]).toEqual([2, before[1]]);
  });
});
