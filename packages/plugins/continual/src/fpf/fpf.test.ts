import { definePlugin } from '@tapgrad/core';
import { adamw } from '@tapgrad/train';
import { afterEach, describe, expect, it } from 'vitest';
import { memory } from '../memory/index.ts';
import { type FpfOptions, fpf, refreshReport } from './index.ts';
import { type Learner, learner, numbersOf, taskOf } from './test-learning.ts';

const learners: Learner[] = [];
const learning = (...given: Parameters<typeof learner>): Learner => {
  const made = learner(...given);
  learners.push(made);
  return made;
};
const withMemory = (options: FpfOptions) => learning([memory({ samples: 20 }), fpf(options)]);

afterEach(() => {
  for (const each of learners.splice(0)) each.dispose();
});

const statistics = (name: string) => name.includes('running');
const optimizerState = ({ stack }: Learner) =>
  Object.fromEntries([...stack.state('optimizer').tensors].map(([name, each]) => [name, [...each.dataSync()]]));

/** Two tasks; what is there before the second ends, and after. */
async function aroundTheEnd(each: Learner) {
  await each.learn(taskOf(0));
  await each.learn(taskOf(1), { end: false });
  const seen = () => ({ model: numbersOf(each.model), optimizer: optimizerState(each) });
  const before = seen();
  await each.stack.end('task', { index: 1, task: taskOf(1) });
  return { before, after: seen() };
}

const changed = (before: Record<string, number[]>, after: Record<string, number[]>) =>
  Object.keys(before).filter((name) => before[name]?.some((value, i) => !Object.is(value, after[name]?.[i])));

describe('a phase', () => {
  it('changes what is selected, and no other bit of model or optimizer', async () => {
    const each = withMemory({ select: { byType: ['last-linear'] }, updateStatistics: false });
    const { before, after } = await aroundTheEnd(each);
    expect(changed(before.model, after.model)).toEqual(['fc.weight', 'fc.bias']);
    expect(after.optimizer).toEqual(before.optimizer);
    expect(Object.keys(before.optimizer)).not.toEqual([]);
    expect(each.stack.trainableParameters().size).toBe(7);
  });

  it('lets running statistics follow the memory, if that is wanted', async () => {
    const each = withMemory({ select: { byName: 'bn.*' } });
    const { before, after } = await aroundTheEnd(each);
    expect(changed(before.model, after.model)).toEqual(['bn.weight', 'bn.bias', 'bn.runningMean', 'bn.runningVar']);
    expect(changed(before.model, after.model).filter(statistics)).toHaveLength(2);
  });

  it('runs in training mode wherever the model stands, and leaves it there', async () => {
    const each = withMemory({ select: { byType: ['last-linear'] } });
    await each.learn(taskOf(0));
    await each.learn(taskOf(1), { end: false });
    each.model.eval();
    const before = numbersOf(each.model, statistics);
    await each.stack.end('task', { index: 1, task: taskOf(1) });
    expect(changed(before, numbersOf(each.model, statistics))).toHaveLength(2);
    expect(each.model.bn.training).toBe(false);
    each.model.train();
  });

  it('learns what the memory says: its loss falls, and training goes on with the moments of before', async () => {
    const each = withMemory({ length: { epochs: 20 }, learningRate: 0.1, momentum: 0.9 });
    await each.learn(taskOf(0), { epochs: 3 });
    await each.learn(taskOf(1), { epochs: 3 });
    const [first, last] = refreshReport(each.model)?.phases[0]?.losses ?? [0, 0];
    expect(last).toBeLessThan(0.7 * first);
  });

  it('is at the end of the last task, or of each', async () => {
    const [last, every] = [withMemory({}), withMemory({ at: 'each' })];
    for (const each of [last, every]) for (let i = 0; i < 3; i++) await each.learn(taskOf(i, 3));
    expect(refreshReport(last.model)?.phases.map(({ task, step }) => [task, step])).toEqual([[2, 12]]);
    expect(refreshReport(every.model, 'fpf')?.phases.map(({ task }) => task)).toEqual([0, 1, 2]);
    expect(refreshReport(every.model, 'k-fpf')).toBeUndefined();
  });

  it('uses an optimizer of one’s own, anew each time', async () => {
    let made = 0;
    const optimizer = () => {
      made++;
      return adamw({ learningRate: 0.01 });
    };
    const each = withMemory({ optimizer, at: 'each' });
    const { before, after } = await aroundTheEnd(each);
    expect(made).toBe(2);
    expect(changed(before.model, after.model)).toContain('fc.weight');
    expect(after.optimizer).toEqual(before.optimizer);
  });

  it('does nothing where the memory is empty, disabled or detached', async () => {
    const each = withMemory({ at: 'each' });
    await each.stack.begin('task', { index: 0, task: taskOf(0) });
    await each.stack.end('task', { index: 0, task: taskOf(0) });
    await each.learn(taskOf(1), { end: false });
    each.stack.setEnabled('memory', false);
    await each.stack.end('task', { index: 1, task: taskOf(1) });
    each.stack.detach('memory');
    await each.learn(taskOf(0));
    expect(refreshReport(each.model)?.phases).toEqual([]);
  });
});

describe('a phase that fails', () => {
  it('changes nothing at all', async () => {
    let calls = 0;
    const failing = () => {
      const inner = adamw({ learningRate: 0.1 });
      const step: typeof inner.step = (...given) => {
        if (++calls === 3) throw new Error('no');
        inner.step(...given);
      };
      return Object.assign(Object.create(inner), { step }) as typeof inner;
    };
    const each = withMemory({ optimizer: failing, length: { steps: 5 } });
    await each.learn(taskOf(0));
    await each.learn(taskOf(1), { end: false });
    const before = numbersOf(each.model);
    await expect(each.stack.end('task', { index: 1, task: taskOf(1) })).rejects.toThrow(/HOOK_FAILED/);
    expect(calls).toBe(3);
    expect(changed(before, numbersOf(each.model))).toEqual([]);
  });
});

describe('what a phase costs', () => {
  it('is counted: one forward and one backward a batch', async () => {
    const each = withMemory({ length: { epochs: 3 }, batchSize: 8 });
    await aroundTheEnd(each);
    // 20 samples are 3 batches.
    expect(refreshReport(each.model)?.cost).toEqual({ forwards: 9, backwards: 9, samples: 60 });
    const drawn = withMemory({ length: { steps: 7 }, batchSize: 8 });
    await aroundTheEnd(drawn);
    expect(refreshReport(drawn.model)?.cost).toEqual({ forwards: 7, backwards: 7, samples: 56 });
  });

  it('is no tape for the layers in front of what is selected', async () => {
    const saved = new Set<string>();
    let watching = false;
    const spy = definePlugin({
      name: 'spy',
      apply({ hooks }) {
        hooks.task.end.tap(({ index }) => {
          watching = index === 1;
        });
        hooks.save.tap((slot, { modulePath }) => {
          if (watching) saved.add(modulePath);
          return slot;
        });
      },
    });
    // Layers behind it are frozen and keep nothing of their inputs; those in front are not on the tape.
    for (const type of ['norm', 'last-linear'] as const) {
      watching = false;
      saved.clear();
      await aroundTheEnd(learning([spy(), memory({ samples: 20 }), fpf({ select: { byType: [type] } })]));
      const inModules = [...saved].filter((path) => path !== '');
      expect(inModules).toEqual([type === 'norm' ? 'bn' : 'fc']);
    }
  });
});

describe('what cannot be', () => {
  it('is said when a task begins that does not know the last', async () => {
    const each = withMemory({});
    const task = taskOf(0, undefined);
    const { count: _, ...uncounted } = task;
    await expect(each.stack.begin('task', { index: 0, task: uncounted })).rejects.toThrow(/FPF_TASKS/);
  });

  it('is said at the first step if nothing that trains is selected', async () => {
    const each = withMemory({ select: { byName: 'head.*' } });
    await expect(each.learn(taskOf(0))).rejects.toThrow(/FPF_SELECTION.*byName.*fc\.weight/s);
  });

  it('is refused at attach without a memory, and for wrong options', () => {
    expect(() => learner([fpf()])).toThrow(/PLUGIN_UNKNOWN.*memory/s);
    expect(() => fpf({ length: { epochs: 0 } })).toThrow(/PLUGIN_OPTIONS/);
    expect(() => fpf({ select: { byScore: {} } } as never)).toThrow(/PLUGIN_OPTIONS/);
    expect(() => fpf({ optimizer: 3 } as never)).toThrow(/an optimizer/);
  });
});
