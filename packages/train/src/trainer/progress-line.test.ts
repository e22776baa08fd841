import { describe, expect, it } from 'vitest';
import type { StepEvent, TrainingEvent } from './events.ts';
import { progressLine } from './progress-line.ts';

const step = (changes: Partial<StepEvent>): StepEvent => ({
  kind: 'step',
  step: 1,
  steps: 120,
  epoch: 0,
  loss: 0.123456,
  terms: {},
  learningRate: 1,
  gradientNorm: undefined,
  stepMs: 12.4,
  peakBytes: 41_234_567,
  etaMs: 65_000,
  ...changes,
});

function written(events: readonly TrainingEvent[], terminal: { isTTY?: boolean; columns?: number } = {}): string {
  let text = '';
  const tell = progressLine({ stream: { ...terminal, write: (part) => void (text += part) }, label: 'ladder' });
  for (const event of events) tell(event);
  return text;
}

describe('progressLine', () => {
  it('writes plain lines where there is no terminal: the first step, the last, and not each between', () => {
    const steps = [1, 2, 3, 120].map((each) => step({ step: each, etaMs: each === 1 ? 65_000 : 0 }));
    expect(written([...steps, { kind: 'end', reason: 'completed', step: 120 }]).split('\n')).toEqual([
      'ladder    1/120  loss 0.1235  12 ms a step  peak 41.2 MB  1 min 05 s left',
      'ladder  120/120  loss 0.1235  12 ms a step  peak 41.2 MB  0 s left',
      'ladder  completed after 120 steps',
      '',
    ]);
  });

  it('names the task of a stream, and tells what was measured', () => {
    const task = { index: 1, count: 5, name: 'cat, dog', stepsBefore: 120 };
    const measured: TrainingEvent = {
      kind: 'task-evaluation',
      when: 'after',
      task,
      step: 240,
      accuracies: [0.5, 0.98765],
      ms: 1,
    };
    expect(written([step({ step: 120, task }), measured]).split('\n')).toEqual([
      'ladder  task 2/5  120/120  loss 0.1235  12 ms a step  peak 41.2 MB  1 min 05 s left',
      'ladder  after task 2/5 (cat, dog): accuracy by task 50.0 98.8 %',
      '',
    ]);
  });

  it('writes over its line on a terminal, no wider than it, and ends it', () => {
    const text = written([step({}), step({ step: 120 })], { isTTY: true, columns: 40 });
    expect(text.startsWith('\r\u001b[Kladder')).toBe(true);
    expect(text.split('\n')[0]?.split('\r\u001b[K')[1]).toHaveLength(39);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('lets evaluations stand, and does without what nobody knows', () => {
    const text = written([
      step({ steps: undefined, etaMs: undefined }),
      { kind: 'evaluation', step: 1, epoch: 0, loss: 1.5, metrics: { accuracy: 0.25 }, samples: 4, best: true, ms: 1 },
      { kind: 'epoch', epoch: 0, step: 1, loss: 1 },
      { kind: 'checkpoint', name: 'step-1', step: 1 },
    ]);
    expect(text.split('\n')).toEqual([
      'ladder  step 1  loss 0.1235  12 ms a step  peak 41.2 MB',
      'ladder  evaluation at step 1: loss 1.500  accuracy 0.2500  (best)',
      'ladder  saved step-1',
      '',
    ]);
  });

  it('says hours when it takes hours', () => {
    expect(written([step({ etaMs: 3_900_000 })])).toContain('1 h 05 min left');
  });
});
