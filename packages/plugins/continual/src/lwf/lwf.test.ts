import { attach, definePlugin, type Plugin } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { memory, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { columns, growingHead, lingoCL, lwf } from '../index.ts';
import { blob, Learner } from '../test-streams.ts';
import { lwfLoss } from './math.ts';

let learner: Learner | undefined;
const numTensors = () => memory().numTensors;
const learnerWith = (...plugins: Plugin[]) => {
  learner = new Learner(plugins);
  return learner;
};

afterEach(() => {
  learner?.dispose();
  learner = undefined;
});

describe('learning without forgetting', () => {
  it('has no term in the first task, nor in evaluation', async () => {
    const each = learnerWith(lwf());
    await each.begin(0);
    expect(Object.keys(await each.step(0))).toEqual(['task']);
    await each.learn(0);
    await each.begin(1);
    expect(Object.keys(await each.step(1))).toEqual(['task', 'lwf']);
    const loss = await each.evaluate(1);
    each.stack.setEnabled('lwf', false);
    expect(loss).toBe(await each.evaluate(1));
  });

  it('holds the outputs of classes seen before, and those alone, to those of the last model', async () => {
    const each = learnerWith(lwf({ form: 'kl' }));
    await each.learn(0);
    await each.begin(1);
    const batch = blob(1, 0);
    const old = () => tidy(() => columns(each.stack.predict(batch.inputs), [0, 1]));
    const taught = old();
    expect(each.gradients(1).terms.lwf).toBe(0);
    for (let i = 0; i < 3; i++) await each.step(1, i);
    const expected = tidy(() => {
      const loss = lwfLoss(old(), taught, {
        temperature: 2,
        form: 'kl',
        squaredTemperature: false,
      });
      return loss.dataSync()[0] ?? Number.NaN;
    });
    expect(expected).toBeGreaterThan(1e-6);
    expect(each.gradients(1).terms.lwf).toBeCloseTo(expected, 12);
    for (const tensor of [taught, batch.inputs, batch.targets as Tensor]) tensor.dispose();
  });

  it('has a gradient: everything below old outputs feels it, and columns of new classes do not', async () => {
    const each = learnerWith(lwf());
    await each.learn(0);
    await each.begin(1);
    for (let i = 0; i < 2; i++) await each.step(1, i);
    const withTerm = each.gradients(1).of;
    each.stack.setEnabled('lwf', false);
    const without = each.gradients(1).of;
    expect(withTerm['hidden.weight']).not.toEqual(without['hidden.weight']);
    const differences = (withTerm['head.bias'] ?? []).map((value, i) => value - (without['head.bias']?.[i] ?? 0));
    expect(differences.map((value) => Math.abs(value) > 1e-6)).toEqual([true, true, false, false]);
  });

  it('knows the classes of heads that grow', async () => {
    const each = learnerWith(growingHead(), lwf());
    await each.learn(0);
    await each.begin(1);
    for (let i = 0; i < 2; i++) expect(Number.isFinite((await each.step(1, i)).lwf)).toBe(true);
    const withTerm = each.gradients(1).of;
    each.stack.setEnabled('lwf', false);
    const without = each.gradients(1).of;
    expect(withTerm['growing-head/parts.0.weight']).not.toEqual(without['growing-head/parts.0.weight']);
    expect(withTerm['growing-head/parts.1.weight']).toEqual(without['growing-head/parts.1.weight']);
  });

  it('lets the classifier alone train while it warms up', async () => {
    const each = learnerWith(lwf({ warmUp: 2 }));
    const moved = async (task: number) => {
      const before = Array.from(each.model.hidden.weight.variable.dataSync());
      const head = Array.from(each.model.head.weight.variable.dataSync());
      await each.step(task);
      expect(Array.from(each.model.head.weight.variable.dataSync())).not.toEqual(head);
      return Array.from(each.model.hidden.weight.variable.dataSync()).some((value, i) => value !== before[i]);
    };
    await each.begin(0);
    expect(await moved(0)).toBe(true);
    await each.learn(0);
    await each.begin(1);
    expect([await moved(1), await moved(1), await moved(1)]).toEqual([false, false, true]);
  });

  it('shows the teacher inputs as they were before augmentation, where asked to', async () => {
    const values: number[] = [];
    for (const inputs of ['batch', 'unaugmented'] as const) {
      const augmented = definePlugin({
        name: 'augmented',
        apply: ({ hooks }) => {
          let inputs: Tensor | undefined;
          hooks.batch.tap((batch) => {
            inputs = mul(batch.inputs as Tensor, 2);
            return { ...batch, inputs, unaugmented: batch.inputs };
          });
          hooks.step.end.tap(() => inputs?.dispose());
        },
      });
      const each = learnerWith(lwf({ inputs, form: 'kl' }), augmented());
      await each.learn(0);
      await each.begin(1);
      values.push((await each.step(1)).lwf ?? Number.NaN);
      each.dispose();
      learner = undefined;
    }
    expect(values[0]).toBe(0);
    expect(values[1]).toBeGreaterThan(0);
  });

  it('warms up the columns of heads that grow, and nothing else', async () => {
    const each = learnerWith(growingHead(), lwf({ warmUp: 1 }));
    await each.learn(0);
    await each.begin(1);
    expect([...each.stack.trainableParameters().keys()].every((name) => name.startsWith('growing-head/'))).toBe(true);
    await each.step(1);
    expect(each.stack.trainableParameters().has('hidden.weight')).toBe(true);
  });

  it.each([
    ['the user froze', () => [], { warmUp: 1 }, /head\.\*\*.*does not train/],
    ['the user froze and named', () => [], { warmUp: 1, head: 'head.*' }, /head\.\*.*does not train/],
    [
      'has rows that are frozen',
      () => [lingoCL({ vectors: { zero: [1, 0] } })],
      { warmUp: 1 },
      /lingocl.*does not train/,
    ],
  ] as const)('refuses to warm up a head that %s, and nothing is left', (_, others, options, said) => {
    learnerWith().stack.detach();
    const { model } = learner as Learner;
    model.freeze('head.**');
    const before = numTensors();
    const attempt = () =>
      attach<Tensor>(model, [...others(), lwf(options)], { loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }) });
    expect(attempt).toThrow(/LWF_HEAD/);
    expect(attempt).toThrow(said);
    expect(numTensors()).toBe(before);
    attach<Tensor>(model, [lwf()], { loss: crossEntropy }).detach();
  });

  it('never lets a frozen part of the classifier train while it warms up', async () => {
    const each = learnerWith(lwf({ warmUp: 2 }));
    each.model.freeze('head.bias');
    await each.learn(0);
    await each.begin(1);
    expect([...each.stack.trainableParameters().keys()]).toEqual(['head.weight']);
  });

  it('refuses a head that is not there, and a task that is not told', async () => {
    expect(() => learnerWith(lwf({ warmUp: 1, head: 'nowhere.*' }))).toThrow(/LWF_HEAD/);
    const each = learnerWith(lwf());
    await expect(each.stack.end('task', { index: 0 })).rejects.toThrow(/TASK_MISSING/);
  });

  it('keeps one copy of the model', async () => {
    const each = learnerWith(lwf());
    const before = each.pluginBytes;
    for (const task of [0, 1]) {
      await each.learn(task);
      expect(each.pluginBytes - before).toBe(4 * (5 * 6 + 6 + 6 * 4 + 4));
    }
  });
});
