import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attach,
  type Batch,
  definePlugin,
  disposeBatch,
  Module,
  mergeHeads,
  Parameter,
  type PluginContext,
  type PluginInstance,
  type Stack,
  splitHeads,
} from '../index.ts';
import { Dense, Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let model: Mlp;
let batch: Batch;
let stack: Stack<unknown> | undefined;

type Apply = (context: PluginContext<object>) => PluginInstance | void;

/** Attaches one plugin made of its `apply` alone. */
function attached(apply: Apply, target: Module<never, unknown> = model as never, learningRate = 0.1): Stack<unknown> {
  const plugin = definePlugin({
    name: 'probe',
    apply: (context) => apply(context as PluginContext<object>) ?? undefined,
  });
  stack = attach(target, [plugin()], { loss: meanSquaredError, optimizer: plainSgd(learningRate) });
  return stack;
}

function gradients(of: Stack<unknown>): Record<string, number[]> {
  const made = of.gradientsOf(batch);
  const values = Object.fromEntries([...made.gradients].map(([name, each]) => [name, [...each.dataSync()]]));
  made.dispose();
  return values;
}

function plainGradients(): Record<string, number[]> {
  const plain = attach(model, [], { loss: meanSquaredError, optimizer: plainSgd() });
  const values = gradients(plain);
  plain.detach();
  return values;
}

beforeEach(() => {
  model = new Mlp();
  batch = {
    inputs: tf.tensor2d([1, 2, 3, -1, 0.5, 0.2], [2, 3]),
    targets: tf.tensor2d([0, 1, 1, 0], [2, 2]),
  };
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  model.dispose();
  disposeBatch(batch);
});

describe('a tap', () => {
  it('sees the output of every module that its glob matches, in the order of the forward', () => {
    const seen: string[] = [];
    attached(({ hooks }) => {
      hooks.tap('layers.*:output').forward((value, { modulePath, point }) => {
        seen.push(`${modulePath}:${point} ${value.shape}`);
      });
    });
    tf.dispose(stack?.predict(batch.inputs) as tf.Tensor);
    expect(seen).toEqual(['layers.0:output 2,4', 'layers.1:output 2,2']);
  });

  it('rewrites the value going forward, and its gradient comes back through the rewriting', () => {
    const plain = plainGradients();
    const doubled = attached(({ hooks }) => {
      hooks.tap('layers.1:weight').forward((weight) => tf.mul(weight, 2));
      hooks.tap('layers.1:output').forward((y) => tf.mul(y, 0.25));
    });
    const seen = gradients(doubled);
    expect(seen['layers.1.weight']).not.toEqual(plain['layers.1.weight']);
    const numeric = numericalGradient(doubled, 'layers.1.weight', 1);
    expect(seen['layers.1.weight']?.[1]).toBeCloseTo(numeric, 6);
  });

  it('sees the gradient of what passed it, once it is complete, and may replace it', () => {
    const plain = plainGradients();
    const seen: number[][] = [];
    const tripled = attached(({ hooks }) => {
      hooks.tap('layers.1:input').backward((gradient, { phase }) => {
        expect(phase).toBe('backward');
        seen.push([...gradient.shape]);
        return tf.mul(gradient, 3);
      });
    });
    const changed = gradients(tripled);
    expect(seen).toEqual([[2, 4]]);
    for (const [i, value] of (changed['layers.0.weight'] ?? []).entries()) {
      expect(value).toBeCloseTo(3 * (plain['layers.0.weight']?.[i] ?? Number.NaN), 12);
    }
    expect(changed['layers.1.weight']).toEqual(plain['layers.1.weight']);
  });

  it('sees only the gradient that came back through its own point', () => {
    class Residual extends Module {
      readonly branch = new Dense(3, 3, 5);
      forward(x: tf.Tensor): tf.Tensor {
        const h = tf.mul(x, this.scale.read());
        return tf.sum(tf.add(h, this.branch.call(h)), 1, true);
      }
      readonly scale = new Parameter(tf.ones([3]));
    }
    const residual = new Residual();
    let through: tf.Tensor | undefined;
    attached(({ hooks }) => {
      hooks.tap('branch:input').backward((gradient) => {
        through = tf.keep(tf.clone(gradient));
      });
    }, residual as never);
    const loss = (outputs: unknown) => tf.sum(outputs as tf.Tensor);
    stack?.detach();
    const sum = definePlugin({
      name: 'sum',
      apply({ hooks }) {
        hooks.tap('branch:input').backward((gradient) => {
          through = tf.keep(tf.clone(gradient));
        });
      },
    });
    stack = attach(residual as never, [sum()], { loss, optimizer: plainSgd() });
    gradients(stack);
    // d sum(h + h W) / dh through the branch is W's row sums; with the residual path it would be one more.
    const rows = tf.tidy(() => [...tf.sum(residual.branch.weight.variable, 1).dataSync()]);
    expect([...(through?.dataSync() ?? [])].slice(0, 3)).toEqual(rows);
    through?.dispose();
    residual.dispose();
  });

  it('reaches inner points and values inside records and arrays', () => {
    class Pair extends Module<[tf.Tensor], { parts: tf.Tensor[] }> {
      readonly dense = new Dense(3, 4, 3);
      forward(x: tf.Tensor) {
        const heads = this.tap('heads', splitHeads(tf.expandDims(this.dense.call(x), 1), 2));
        const merged = tf.squeeze(mergeHeads(heads), [1]);
        return { parts: [tf.slice(merged, [0, 0], [-1, 2]), tf.slice(merged, [0, 2], [-1, 2])] };
      }
      override innerPoints() {
        return ['heads'];
      }
    }
    const pair = new Pair();
    const points: string[] = [];
    let returned = 0;
    const probe = definePlugin({
      name: 'probe',
      apply({ hooks }) {
        hooks.tap(':heads').forward((value) => void points.push(String(value.shape)));
        hooks.tap('**:output').backward((_, { modulePath }) => {
          if (modulePath === '') returned++;
        });
      },
    });
    const loss = (outputs: unknown) => tf.addN((outputs as { parts: tf.Tensor[] }).parts.map((part) => tf.sum(part)));
    stack = attach(pair as never, [probe()], { loss, optimizer: plainSgd() });
    gradients(stack);
    expect(points).toEqual(['2,2,1,2']);
    expect(returned).toBe(2);
    pair.dispose();
  });

  it('can be removed, and then nothing of it is left', () => {
    let calls = 0;
    let untap: (() => void) | undefined;
    attached(({ hooks }) => {
      untap = hooks.tap('**:output').forward(() => void calls++);
    });
    gradients(stack as Stack<unknown>);
    expect(calls).toBe(3);
    untap?.();
    gradients(stack as Stack<unknown>);
    expect(calls).toBe(3);
  });
});

function numericalGradient(of: Stack<unknown>, name: string, index: number): number {
  const parameter = of.namedParameters().get(name) as Parameter;
  const original = parameter.variable.dataSync().slice();
  const at = (delta: number) => {
    const values = original.slice();
    values[index] = (values[index] ?? 0) + delta;
    const changed = tf.tensor(values, [...parameter.shape]);
    parameter.assign(changed);
    changed.dispose();
    const made = of.gradientsOf(batch);
    const value = made.terms.task?.dataSync()[0] ?? Number.NaN;
    made.dispose();
    return value;
  };
  const slope = (at(1e-6) - at(-1e-6)) / 2e-6;
  at(0);
  return slope;
}

describe('the loss hook', () => {
  it('adds named terms whose gradients can be told apart', async () => {
    const plain = plainGradients();
    let apart: Record<string, number[]> = {};
    let whole: Record<string, number[]> = {};
    let terms: string[] = [];
    attached(({ hooks, model: target }) => {
      hooks.loss.keepApart('task');
      hooks.loss.tap((given) => {
        const weight = target.namedParameters().get('layers.0.weight') as Parameter;
        return { ...given, penalty: tf.sum(tf.square(weight.read())) };
      });
      hooks.gradients.step.tap((all, { byTerm, terms: values }) => {
        terms = Object.keys(values);
        apart = Object.fromEntries([...(byTerm.get('task') ?? [])].map(([name, each]) => [name, [...each.dataSync()]]));
        whole = Object.fromEntries([...all].map(([name, each]) => [name, [...each.dataSync()]]));
      });
    });
    const weight = [...(model.layers[0]?.weight.variable.dataSync() ?? [])];
    const result = await stack?.step(batch);
    expect(terms).toEqual(['task', 'penalty']);
    expect(apart).toEqual(plain);
    for (const [i, value] of (whole['layers.0.weight'] ?? []).entries()) {
      expect(value).toBeCloseTo((plain['layers.0.weight']?.[i] ?? 0) + 2 * (weight[i] ?? 0), 10);
    }
    const read = await result?.terms;
    expect(await result?.loss).toBeCloseTo((read?.task ?? 0) + (read?.penalty ?? 0), 12);
  });

  it('may run another forward of the model on the same tape', async () => {
    attached(({ hooks }) => {
      hooks.loss.tap((terms, { batch: given, forward, tape }) => {
        expect(tape?.tracks(terms.task as tf.Tensor)).toBe(true);
        const again = forward(tf.neg(given.inputs as tf.Tensor));
        return { ...terms, consistency: tf.mean(tf.square(again as tf.Tensor)) };
      });
    });
    const terms = await (await stack?.step(batch))?.terms;
    expect(Object.keys(terms ?? {})).toEqual(['task', 'consistency']);
    expect(terms?.consistency).toBeGreaterThan(0);
  });

  it('refuses a term that is not a scalar, and leaves nothing behind', async () => {
    attached(({ hooks }) => {
      hooks.loss.tap((terms) => ({ ...terms, wide: tf.ones([2]) }));
    });
    const before = tf.memory().numTensors;
    await expect(stack?.step(batch)).rejects.toThrow(/LOSS_NOT_SCALAR.*wide/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the batch hook', () => {
  it('rewrites a batch, also asynchronously and in evaluation', async () => {
    const modes: string[] = [];
    const extra = tf.tensor2d([5, 5, 5], [1, 3]);
    attached(({ hooks }) => {
      hooks.batch.tap(async (given, { mode }) => {
        modes.push(mode);
        await Promise.resolve();
        return { ...given, inputs: extra, targets: tf.keep(tf.zeros([1, 2])), mine: 1 };
      });
      hooks.loss.tap((terms, { batch: given }) => {
        expect(given.mine).toBe(1);
        tf.dispose(given.targets as tf.Tensor);
        return terms;
      });
    });
    await (await stack?.step(batch))?.loss;
    const evaluation = await stack?.evaluate([batch]);
    expect(modes).toEqual(['train', 'evaluate']);
    expect(evaluation?.samples).toBe(1);
    extra.dispose();
  });
});

describe('the gradient hooks', () => {
  it('fire once per micro-batch and once before the update', async () => {
    const seen: string[] = [];
    attached(({ hooks }) => {
      hooks.gradients.microBatch.tap(
        (_, { microBatch, microBatches }) => void seen.push(`${microBatch}/${microBatches}`),
      );
      hooks.gradients.step.tap((all) => {
        seen.push('step');
        return new Map([...all].map(([name, each]) => [name, tf.zerosLike(each)]));
      });
    });
    const before = [...(model.layers[0]?.weight.variable.dataSync() ?? [])];
    await (await stack?.step([batch, batch]))?.loss;
    expect(seen).toEqual(['0/2', '1/2', 'step']);
    expect([...(model.layers[0]?.weight.variable.dataSync() ?? [])]).toEqual(before);
  });
});

describe('the backward hook', () => {
  it('stands in for backpropagation: a simultaneous perturbation estimator trains without a tape', async () => {
    attached(
      ({ hooks, random, parameters, parameterVector }) => {
        hooks.backward.tap(({ evaluate }) => {
          const vector = parameterVector();
          const direction = tf.tensor1d(random('direction').normal(vector.size));
          const loss = (factor: number) => {
            vector.axpy(factor, direction);
            const terms = evaluate();
            return terms.task as tf.Tensor;
          };
          const before = vector.flatten();
          const [high, low] = [loss(1e-4), loss(-2e-4)];
          vector.restore(before);
          const slope = ((high.dataSync()[0] ?? 0) - (low.dataSync()[0] ?? 0)) / 2e-4;
          const scaled = tf.mul(direction, slope);
          const made = vector.split(scaled);
          tf.dispose([direction, scaled, before, low]);
          expect([...made.keys()]).toEqual([...parameters().keys()]);
          return { terms: { task: high }, gradients: made };
        });
      },
      undefined,
      0.01,
    );
    const first = await (await stack?.step(batch))?.loss;
    let last = first;
    for (let i = 0; i < 400; i++) last = await (await stack?.step(batch))?.loss;
    expect(last).toBeLessThan((first ?? 0) / 2);
  });

  it('may call the ordinary one, twice if it likes', async () => {
    let passes = 0;
    attached(({ hooks }) => {
      hooks.backward.tap(async ({ differentiate }) => {
        const first = await differentiate();
        tf.dispose([...first.gradients.values(), ...Object.values(first.terms)]);
        passes = 2;
        return differentiate();
      });
    });
    await (await stack?.step(batch))?.loss;
    expect(passes).toBe(2);
  });
});

describe('the update hooks', () => {
  it('tell of the update before and after, and may replace it', async () => {
    const seen: string[] = [];
    attached(({ hooks }) => {
      hooks.update.before.tap(({ gradients: all }) => void seen.push(`before ${all.size}`));
      hooks.update.replace.tap(({ step }) => {
        seen.push(`replace ${step}`);
        return true;
      });
      hooks.update.after.tap(() => void seen.push('after'));
    });
    const before = [...(model.layers[0]?.weight.variable.dataSync() ?? [])];
    await (await stack?.step(batch))?.loss;
    expect(seen).toEqual(['before 4', 'replace 0', 'after']);
    expect([...(model.layers[0]?.weight.variable.dataSync() ?? [])]).toEqual(before);
  });
});

describe('the life cycle', () => {
  it('is told to plugins, in evaluation too', async () => {
    const seen: string[] = [];
    attached(({ hooks }) => {
      for (const part of ['train', 'epoch', 'task', 'step', 'evaluate'] as const) {
        hooks[part].begin.tap(({ index }) => void seen.push(`${part} begins ${index ?? ''}`.trim()));
        hooks[part].end.tap(
          ({ metrics }) => void seen.push(`${part} ends ${metrics ? Object.keys(metrics) : ''}`.trim()),
        );
      }
      hooks.tap(':output').forward((_, { training }) => void seen.push(training ? 'training' : 'evaluation'));
    });
    await stack?.begin('train');
    await stack?.begin('epoch', { index: 0 });
    await stack?.step(batch);
    const evaluation = await stack?.evaluate([batch, batch], { first: (y) => tf.mean(y as tf.Tensor) });
    await stack?.end('epoch', { index: 0 });
    await stack?.end('train');
    expect(seen).toEqual([
      'train begins',
      'epoch begins 0',
      'step begins',
      'training',
      'step ends',
      'evaluate begins',
      'evaluation',
      'evaluation',
      'evaluate ends loss,first',
      'epoch ends',
      'train ends',
    ]);
    expect(evaluation?.samples).toBe(4);
    expect(model.training).toBe(true);
  });
});
