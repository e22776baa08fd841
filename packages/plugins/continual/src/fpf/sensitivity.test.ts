import { dispose } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { growingHead } from '../growing-head/index.ts';
import { memory } from '../memory/index.ts';
import { type FpfOptions, fpf, refreshReport, type SensitivityReport } from './index.ts';
import { imagesOf, type Learner, learner, numbersOf, taskOf } from './test-learning.ts';

let made: Learner | undefined;
afterEach(() => {
  made?.dispose();
  made = undefined;
});

function measuring(options: FpfOptions): Learner {
  made = learner([memory({ samples: 12 }), fpf({ length: { steps: 1 }, ...options })], { learningRate: 0.02 });
  return made;
}

const reportOf = ({ model }: Learner) => refreshReport(model)?.sensitivity as SensitivityReport;
const ranked = (changes: Readonly<Record<string, number>>) =>
  Object.entries(changes)
    .sort(([, a], [, b]) => b - a)
    .map(([name]) => name);

describe('groups', () => {
  it('are norms, running statistics and single parameters, of a type each', async () => {
    const each = measuring({ measure: 'tasks' });
    await each.learn(taskOf(0));
    expect(reportOf(each).groups).toEqual([
      { name: 'conv.weight', type: 'convolution', scalars: 27 },
      { name: 'bn', type: 'norm', scalars: 6 },
      { name: 'bn.runningMean', type: 'statistics', scalars: 3 },
      { name: 'bn.runningVar', type: 'statistics', scalars: 3 },
      { name: 'deep.weight', type: 'convolution', scalars: 108 },
      { name: 'deep.bias', type: 'convolution', scalars: 4 },
      { name: 'fc.weight', type: 'last-linear', scalars: 16 },
      { name: 'fc.bias', type: 'last-linear', scalars: 4 },
    ]);
  });

  it('count all parts of a head that grows as the last linear layer', async () => {
    made = learner([growingHead(), memory({ samples: 12 }), fpf({ select: { byType: ['last-linear'] } })]);
    for (const index of [0, 1]) await made.learn(taskOf(index));
    const { parameters } = refreshReport(made.model)?.phases[0] ?? {};
    expect(parameters).toEqual(
      [0, 1].flatMap((i) => ['weight', 'bias'].map((name) => `growing-head/parts.${i}.${name}`)),
    );
  });

  it('of convolution weights may be stages', async () => {
    const each = measuring({ measure: 'tasks', stages: ['{conv,deep}.weight'] });
    await each.learn(taskOf(0));
    const stage = reportOf(each).groups.find(({ name }) => name === '{conv,deep}.weight');
    expect(stage).toEqual({ name: '{conv,deep}.weight', type: 'convolution', scalars: 135 });
  });
});

describe('what is measured', () => {
  it('between the ends of tasks is the mean absolute change of each group', async () => {
    const each = measuring({ measure: 'tasks', at: 'last' });
    await each.learn(taskOf(0, 3));
    const before = numbersOf(each.model);
    await each.learn(taskOf(1, 3));
    const after = numbersOf(each.model);
    const [first, second] = reportOf(each).intervals;
    expect([first?.from.step, first?.to, second?.from, second?.to]).toEqual([
      0,
      { step: 4, task: 0 },
      { step: 4, task: 0 },
      { step: 8, task: 1 },
    ]);
    const change = (...names: string[]) => {
      const differences = names.flatMap(
        (name) => before[name]?.map((value, i) => Math.abs((after[name]?.[i] ?? 0) - value)) ?? [],
      );
      return differences.reduce((sum, value) => sum + value, 0) / differences.length;
    };
    expect(second?.changes['fc.weight']).toBeCloseTo(change('fc.weight'), 12);
    expect(second?.changes.bn).toBeCloseTo(change('bn.weight', 'bn.bias'), 12);
    expect(second?.changes['bn.runningVar']).toBeCloseTo(change('bn.runningVar'), 12);
  });

  it('begins anew behind a phase: the next task starts from what that made', async () => {
    const each = measuring({ measure: 'tasks', at: 'each', select: { byType: ['last-linear'] } });
    await each.learn(taskOf(0, 3));
    const refreshed = numbersOf(each.model);
    await each.stack.begin('task', { index: 1, task: taskOf(1, 3) });
    await each.stack.end('task', { index: 1, task: taskOf(1, 3) });
    expect(reportOf(each).intervals[1]?.changes['fc.weight']).toBe(0);
    expect(refreshed).not.toEqual(numbersOf(each.model));
  });

  it('is asked for by epochs or updates too', async () => {
    const epochs = measuring({ measure: 'epochs' });
    await epochs.learn(taskOf(0), { epochs: 3 });
    expect(reportOf(epochs).intervals.map(({ to }) => [to.step, to.epoch])).toEqual([
      [4, 0],
      [8, 1],
      [12, 2],
    ]);
    epochs.dispose();
    const updates = measuring({ measure: { updates: 3 } });
    await updates.learn(taskOf(0), { epochs: 2 });
    expect(reportOf(updates).intervals.map(({ from, to }) => [from.step, to.step])).toEqual([
      [0, 3],
      [3, 6],
    ]);
  });

  it('is nothing unless asked for, and JSON', async () => {
    const each = measuring({});
    await each.learn(taskOf(0));
    expect(refreshReport(each.model)?.sensitivity).toBeUndefined();
    each.dispose();
    const asked = measuring({ measure: 'tasks' });
    await asked.learn(taskOf(0));
    expect(JSON.parse(JSON.stringify(reportOf(asked)))).toEqual(reportOf(asked));
  });
});

describe('selection by score', () => {
  it('finds the head where only its labels change', async () => {
    const each = measuring({ select: { byScore: { topFraction: 0.3 } }, measure: 'tasks' });
    // The same images with other labels.
    const relabelled = (index: number) => ({
      ...taskOf(index),
      *batches() {
        for (let i = 0; i < 4; i++) {
          const batch = imagesOf([0, 1], i);
          const labels = index === 0 ? batch : imagesOf([2, 3], i);
          dispose([index === 0 ? [] : batch.targets, index === 0 ? [] : labels.inputs] as never);
          yield { inputs: batch.inputs, targets: labels.targets };
        }
      },
    });
    for (const index of [0, 1]) await each.learn(relabelled(index), { epochs: 8 });
    const { changes } = reportOf(each).intervals[1] ?? { changes: {} };
    const order = ranked(changes).filter((name) => !name.includes('running'));
    expect(order.slice(0, 2).sort()).toEqual(['fc.bias', 'fc.weight']);
    expect(refreshReport(each.model)?.phases[0]?.parameters).toEqual(['fc.weight', 'fc.bias']);
  });

  it('by a threshold may select nothing, and says so', async () => {
    const each = measuring({ select: { byScore: { threshold: 1e6 } } });
    await each.learn(taskOf(0));
    await expect(each.learn(taskOf(1))).rejects.toThrow(/FPF_SELECTION.*threshold/s);
  });
});
