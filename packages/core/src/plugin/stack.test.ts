import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../hooks/types.ts';
import { attach, BufferTensor, currentRandom, definePlugin, disposeBatch, Module } from '../index.ts';
import { Dense, Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let model: Mlp;
let batch: Batch;

beforeEach(() => {
  model = new Mlp();
  batch = {
    inputs: tf.tensor2d([1, 2, 3, -1, 0.5, 0.2], [2, 3]),
    targets: tf.tensor2d([0, 1, 1, 0], [2, 2]),
  };
});

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

describe('a stack', () => {
  it('trains: the loss falls, and nothing is left when it is detached', async () => {
    const before = tf.memory().numTensors;
    const stack = attach(model, [], { loss: meanSquaredError, optimizer: plainSgd() });
    const first = await (await stack.step(batch)).loss;
    let last = first;
    for (let i = 0; i < 20; i++) last = await (await stack.step(batch)).loss;
    expect(last).toBeLessThan(first / 2);
    stack.detach();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('counts parameters and buffers for the modules that hold them, those of plugins for the plugin', () => {
    class Counter extends Module {
      readonly runs = new BufferTensor(tf.zeros([10]));

      override forward(x: tf.Tensor): tf.Tensor {
        return x;
      }
    }
    const counting = definePlugin({
      name: 'counting',
      apply({ addModule }) {
        addModule('counter', new Counter());
      },
    });
    const stack = attach(model, [counting()], { loss: meanSquaredError });
    stack.ledger.resetPeak();
    const { categories, modules, plugins } = stack.ledger.peak();
    expect(categories.parameters).toBe(4 * (12 + 4 + 8 + 2 + 10));
    expect([...modules]).toEqual([
      ['layers.0', 64],
      ['layers.1', 40],
      ['counting/counter', 40],
    ]);
    expect([...plugins]).toEqual([['counting', 40]]);
    stack.detach();
  });

  it('gives the same gradients for two micro-batches as for the whole batch', async () => {
    const stack = attach(model, [], { loss: meanSquaredError, optimizer: plainSgd() });
    const whole = stack.gradientsOf(batch);
    const seen = new Map<string, Float32Array>();
    for (const [name, each] of whole.gradients) seen.set(name, (await each.data()) as Float32Array);
    whole.dispose();
    stack.detach();
    let checked = 0;
    const watch = definePlugin({
      name: 'watch',
      apply({ hooks }) {
        hooks.gradients.step.tap((gradients) => {
          for (const [name, each] of gradients) {
            for (const [i, value] of each.dataSync().entries())
              expect(value).toBeCloseTo(seen.get(name)?.[i] ?? Number.NaN, 12);
            checked++;
          }
        });
      },
    });
    const second = attach(model, [watch()], { loss: meanSquaredError, optimizer: plainSgd() });
    const [inputs, targets] = [tf.split(batch.inputs as tf.Tensor, 2), tf.split(batch.targets as tf.Tensor, 2)];
    await (await second.step(inputs.map((each, i) => ({ inputs: each, targets: targets[i] })))).loss;
    expect(checked).toBe(4);
    second.detach();
    tf.dispose([inputs, targets]);
  });

  it('holds one set of gradients beside that of the current micro-batch, however many there are', async () => {
    const stack = attach(model, [], { loss: meanSquaredError, optimizer: plainSgd() });
    const gradientBytes = async (count: number) => {
      stack.ledger.resetPeak();
      await (await stack.step(Array.from({ length: count }, () => batch))).loss;
      return stack.ledger.peak().bytes;
    };
    const two = await gradientBytes(2);
    expect(await gradientBytes(8)).toBe(two);
    stack.detach();
  });

  it('draws anew in every micro-batch, whatever their number', async () => {
    const seen: number[] = [];
    const watch = definePlugin({
      name: 'watch',
      apply({ hooks }) {
        hooks.tap('layers.0:output').forward(() => void seen.push(currentRandom('layers.0').bits()));
      },
    });
    const stack = attach(model, [watch()], { loss: meanSquaredError, optimizer: plainSgd() });
    for (const count of [4, 3, 1]) await (await stack.step(Array.from({ length: count }, () => batch))).loss;
    expect(new Set(seen).size).toBe(8);
    stack.detach();
  });

  it('tells plugins of the end of a step and of an evaluation that failed', async () => {
    const seen: string[] = [];
    const failing = definePlugin({
      name: 'failing',
      apply({ hooks }) {
        hooks.step.end.tap(() => void seen.push('step'));
        hooks.evaluate.end.tap(({ metrics }) => void seen.push(`evaluation ${metrics}`));
        hooks.loss.tap(() => {
          throw new Error('broken');
        });
      },
    });
    const stack = attach(model, [failing()], { loss: meanSquaredError, optimizer: plainSgd() });
    await expect(stack.step(batch)).rejects.toThrow('broken');
    await expect(stack.evaluate([batch])).rejects.toThrow('broken');
    expect(seen).toEqual(['step', 'evaluation undefined']);
    expect(model.training).toBe(true);
    stack.detach();
  });

  it('evaluates without the loss where there is none, and tells what else is known', async () => {
    const seen: unknown[] = [];
    const watch = definePlugin({
      name: 'watch',
      apply({ hooks, pass }) {
        hooks.evaluate.begin.tap((context) => void seen.push(context));
        hooks.evaluate.end.tap((context) => void seen.push(context));
        hooks.loss.tap(() => void seen.push('loss'));
        hooks.tap(':output').forward(() => void seen.push(pass()?.mode));
      },
    });
    const stack = attach(model, [watch()], { loss: meanSquaredError });
    const metrics = { mean: (y: unknown) => tf.mean(y as tf.Tensor) };
    const made = await stack.evaluate([batch], metrics, { withLoss: false, index: 3, of: 'a task' });
    expect(made).toEqual({ loss: Number.NaN, metrics: { mean: expect.any(Number) }, samples: 2 });
    const told = { step: 0, index: 3, of: 'a task' };
    expect(seen).toEqual([told, 'evaluate', { ...told, metrics: made.metrics }]);
    stack.detach();
  });

  it('predicts in evaluation mode, modules of plugins included, and leaves modes as they were', () => {
    const modes: boolean[] = [];
    const side = definePlugin({
      name: 'side',
      apply({ hooks, addModule }) {
        const added = addModule('net', new Dense(2, 2, 3));
        hooks.tap(':output').forward((y) => {
          modes.push(model.training, added.training);
          return added.call(y);
        });
      },
    });
    const stack = attach(model, [side()], { loss: meanSquaredError });
    tf.dispose(stack.predict(batch.inputs) as tf.Tensor);
    expect(modes).toEqual([false, false]);
    expect(stack.modules().every((module) => module.training)).toBe(true);
    stack.detach();
  });
});
