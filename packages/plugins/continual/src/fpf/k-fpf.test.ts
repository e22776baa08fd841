import { fill } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { memory } from '../memory/index.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { fpf, type KFpfOptions, kFpf, refreshReport } from './index.ts';
import { type Learner, learner, numbersOf, taskOf } from './test-learning.ts';

const learners: Learner[] = [];
function withMemory(options: KFpfOptions): Learner {
  const made = learner([memory({ samples: 20 }), kFpf({ length: { steps: 2 }, ...options })]);
  learners.push(made);
  return made;
}

afterEach(() => {
  for (const each of learners.splice(0)) each.dispose();
});

const phasesOf = ({ model }: Learner) => refreshReport(model, 'k-fpf')?.phases.map(({ step }) => step);

describe('k phases', () => {
  it('are spaced over the updates of the run, wherever tasks end', async () => {
    const each = withMemory({ k: 3 });
    await each.stack.begin('train', { steps: 12 });
    for (let i = 0; i < 3; i++) await each.learn(taskOf(i, 3));
    expect(phasesOf(each)).toEqual([4, 8, 12]);
    await each.stack.begin('train', { steps: 8 });
    for (let i = 0; i < 2; i++) await each.learn(taskOf(i));
    expect(phasesOf(each)).toEqual([4, 8, 12, 15, 17, 20]);
  });

  it('are as many updates apart as one says', async () => {
    const each = withMemory({ every: 3 });
    await each.learn(taskOf(0), { epochs: 2 });
    expect(phasesOf(each)).toEqual([3, 6]);
  });

  it('need to know how long the run is', async () => {
    await expect(withMemory({ k: 3 }).learn(taskOf(0))).rejects.toThrow(/FPF_SCHEDULE.*3 phases/s);
  });

  it('do not follow a step that failed', async () => {
    const each = withMemory({ every: 1 });
    const wrong = { inputs: fill([2, 4, 4, 2], 1), targets: fill([2], 0, 'int32') };
    await each.learn(taskOf(0));
    await expect(each.stack.step(wrong)).rejects.toThrow();
    expect(phasesOf(each)).toEqual([1, 2, 3, 4]);
    wrong.inputs.dispose();
    wrong.targets.dispose();
  });

  it('and one at the end go together', async () => {
    const each = learner([fpf({ at: 'each' }), kFpf({ every: 3 }), memory({ samples: 20 })]);
    learners.push(each);
    await each.learn(taskOf(0));
    expect(refreshReport(each.model, 'fpf')?.phases).toHaveLength(1);
    expect(refreshReport(each.model, 'k-fpf')?.phases).toHaveLength(1);
    expect(each.stack.plugins[0]).toBe('memory');
  });
});

describe('logits that are matched', () => {
  it('are kept with the samples, and pull the outputs back', async () => {
    const [labels, both] = [withMemory({ every: 4 }), withMemory({ every: 4, alpha: 1 })];
    for (const each of [labels, both]) await each.learn(taskOf(0));
    const drawn = memoryOf(both.model)?.batches(4);
    const [batch] = [...(drawn ?? [])].map((each) => {
      const { logits } = each as unknown as { logits: { shape: number[] } };
      for (const tensor of Object.values(each)) (tensor as { dispose(): void }).dispose();
      return logits.shape;
    });
    expect(batch).toEqual([4, 4]);
    expect(numbersOf(labels.model)).not.toEqual(numbersOf(both.model));
  });

  it('must have been kept', async () => {
    const each = withMemory({ every: 100 });
    await each.learn(taskOf(0));
    const state = each.stack.state();
    const other = withMemory({ every: 5, alpha: 1 });
    other.stack.loadState(state);
    await other.stack.begin('task', { index: 1, task: taskOf(1) });
    await expect(other.learn(taskOf(1))).rejects.toThrow(/FPF_LOGITS/);
  });
});

describe('a run that goes on elsewhere', () => {
  it('has its schedule, its phases and what was measured', async () => {
    const options: KFpfOptions = { k: 4, measure: 'tasks', momentum: 0.5 };
    const whole = withMemory(options);
    await whole.stack.begin('train', { steps: 8 });
    await whole.learn(taskOf(0));
    const state = whole.stack.state();
    const tensors = new Map([...state.tensors].map(([name, each]) => [name, each.clone()]));
    await whole.learn(taskOf(1));

    const resumed = withMemory(options);
    resumed.stack.loadState({ ...state, tensors });
    await resumed.stack.begin('train', { steps: 8, resumed: true });
    resumed.stack.loadState({ ...state, tensors });
    for (const each of tensors.values()) each.dispose();
    await resumed.learn(taskOf(1));
    expect(numbersOf(resumed.model)).toEqual(numbersOf(whole.model));
    expect(refreshReport(resumed.model)).toEqual(refreshReport(whole.model));
    expect(phasesOf(resumed)).toEqual([2, 4, 6, 8]);
  });
});
