import { currentRandom, definePlugin, dropout, manualSeed, type Plugin } from '@tapgrad/core';
import { afterEach, describe, expect, it } from 'vitest';
import { ewc, growingHead, onlineEwc } from '../index.ts';
import { blobTask, Learner } from '../test-streams.ts';

let learner: Learner | undefined;
const learnerWith = (...plugins: Plugin[]) => {
  learner = new Learner(plugins);
  return learner;
};

afterEach(() => {
  learner?.dispose();
  learner = undefined;
});

const both = [
  ['ewc', ewc],
  ['online-ewc', onlineEwc],
] as const;

describe.each(both)('%s', (name, make) => {
  it('has no term in the first task', async () => {
    const { stack } = learnerWith(make());
    await learner?.begin(0);
    expect(Object.keys((await learner?.step(0)) ?? {})).toEqual(['task']);
    expect(stack.steps).toBe(1);
  });

  it('has a penalty and gradients of exactly zero at the first step of the next task, and then not', async () => {
    const each = learnerWith(make());
    await each.learn(0);
    await each.begin(1);
    const first = each.gradients(1);
    expect(first.terms[name]).toBe(0);
    each.stack.setEnabled(name, false);
    expect(first.of).toEqual(each.gradients(1).of);
    each.stack.setEnabled(name, true);
    for (let i = 0; i < 2; i++) await each.step(1, i);
    const later = each.gradients(1);
    expect(later.terms[name]).toBeGreaterThan(0);
    each.stack.setEnabled(name, false);
    expect(later.of).not.toEqual(each.gradients(1).of);
  });

  it('is halved in the variant of the paper, and where asked for', async () => {
    const values: (number | undefined)[] = [];
    for (const options of [{}, { half: false }, { variant: 'reference-code', fisher: 'per-sample' }] as const) {
      const each = learnerWith(make(options));
      await each.learn(0);
      each.stack.setEnabled(name, false);
      for (let i = 0; i < 2; i++) await each.step(1, i);
      each.stack.setEnabled(name, true);
      values.push(each.gradients(1).terms[name]);
      each.dispose();
      learner = undefined;
    }
    expect(values[1]).toBeCloseTo(2 * (values[0] ?? 0), 12);
    expect(values[2]).toBe(values[1]);
  });

  it('keeps nothing of parameters that do not train', async () => {
    const frozenHead = definePlugin({
      name: 'frozen-head',
      apply: ({ filterTrainable }) =>
        filterTrainable((parameter) => (parameter.startsWith('head') ? false : undefined)),
    });
    const each = learnerWith(make(), frozenHead());
    await each.learn(0);
    const names = [...each.saved(name).keys()].map((key) => key.replace(/^(\d\/)?(importance|anchor)\//, ''));
    expect([...new Set(names)].sort()).toEqual(['hidden.bias', 'hidden.weight']);
  });

  it('leaves parameters alone that came later', async () => {
    const each = learnerWith(growingHead(), make());
    await each.learn(0);
    await each.begin(1);
    for (let i = 0; i < 3; i++) await each.step(1, i);
    const pulled = each.gradients(1);
    each.stack.setEnabled(name, false);
    const free = each.gradients(1).of;
    expect(pulled.of['growing-head/parts.1.weight']).toEqual(free['growing-head/parts.1.weight']);
    expect(pulled.of['growing-head/parts.0.weight']).not.toEqual(free['growing-head/parts.0.weight']);
  });

  it('needs the task at its end, with data', async () => {
    const each = learnerWith(make());
    await expect(each.stack.end('task', { index: 0 })).rejects.toThrow(/TASK_MISSING/);
    const empty = { ...blobTask(0), batches: () => [] };
    await expect(each.stack.end('task', { index: 0, task: empty })).rejects.toThrow(/TASK_EMPTY/);
  });

  it('takes labels of the data, or draws them; which changes what it finds', async () => {
    const found: unknown[] = [];
    for (const labels of ['data', 'sampled', 'sampled'] as const) {
      const each = learnerWith(make({ labels }));
      await each.learn(0);
      found.push([...each.saved(name)]);
      each.dispose();
      learner = undefined;
    }
    expect(found[1]).toEqual(found[2]);
    expect(found[0]).not.toEqual(found[1]);
  });

  it('finds the same whatever else the process drew, with draws of its own for each sample', async () => {
    const drawn: number[] = [];
    const noisy = definePlugin({
      name: 'noisy',
      apply: ({ hooks }) =>
        void hooks.tap('hidden:output').forward((x) => {
          drawn.push(currentRandom('seen').bits());
          return dropout(x, 0.5, currentRandom('noise'));
        }),
    });
    const found: unknown[] = [];
    for (const seed of [1, 2]) {
      manualSeed(seed);
      const each = learnerWith(noisy(), make());
      await each.learn(0);
      found.push([...each.saved(name)]);
      each.dispose();
      learner = undefined;
    }
    manualSeed(0);
    expect(found[1]).toEqual(found[0]);
    const once = drawn.slice(0, drawn.length / 2);
    expect(new Set(once).size).toBe(once.length);
    expect(once.length).toBeGreaterThan(3 + 8);
  });

  it('does not count in evaluation', async () => {
    const each = learnerWith(make());
    await each.learn(0);
    await each.step(1);
    const withPenalty = await each.evaluate(1);
    each.stack.setEnabled(name, false);
    expect(withPenalty).toBe(await each.evaluate(1));
  });
});

describe('what is kept of P parameters', () => {
  const bytes = 4 * (5 * 6 + 6 + 6 * 4 + 4);

  it('is 2 P for each task with EWC, 2 P in all online', async () => {
    const kept: number[] = [];
    for (const make of [ewc, onlineEwc]) {
      const each = learnerWith(make());
      const before = each.pluginBytes;
      for (const task of [0, 1]) {
        await each.learn(task);
        kept.push((each.pluginBytes - before) / bytes);
      }
      each.dispose();
      learner = undefined;
    }
    expect(kept).toEqual([2, 4, 2, 2]);
  });

  it('saves a scalar for backward, the factor, and nothing else', async () => {
    const each = learnerWith(ewc());
    await each.learn(0);
    const most = async () => {
      each.stack.ledger.resetPeak();
      await each.step(1);
      return each.stack.ledger.most().saved;
    };
    const withPenalty = await most();
    each.stack.setEnabled('ewc', false);
    expect(withPenalty).toBe((await most()) + 4);
  });
});

it('online, importances are γ times the old and the new', async () => {
  const importances: Map<string, number[]>[] = [];
  for (const gamma of [0, 1, 0.5]) {
    const each = learnerWith(onlineEwc({ gamma, lambda: 1e-300 }));
    await each.learn(0);
    await each.learn(1);
    importances.push(each.saved('online-ewc'));
    each.dispose();
    learner = undefined;
  }
  const [fresh, sum, half] = importances.map((each) => each.get('importance/hidden.weight') ?? []);
  for (const [i, value] of (half ?? []).entries()) {
    expect(value).toBeCloseTo(((fresh?.[i] ?? 0) + (sum?.[i] ?? 0)) / 2, 10);
  }
});
