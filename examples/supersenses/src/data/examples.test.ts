import { describe, expect, it } from 'vitest';
import { type Example, majorityAccuracy, makeTask } from './examples.ts';

const examples: Example[] = Array.from({ length: 100 }, (_, index) => ({
  text: `sentence ${index}`,
  label: index % 4 ? 'common' : 'rare',
}));
const options = { name: 'a test', trainSize: 60, testSize: 15 };

describe('the split', () => {
  it('is the same each time and shares no sentence', () => {
    const task = makeTask([...examples, ...examples], options);
    expect(makeTask(examples, options)).toEqual(task);
    expect(task.train.texts).toHaveLength(60);
    expect(task.test.texts).toHaveLength(15);
    expect(new Set([...task.train.texts, ...task.test.texts]).size).toBe(75);
  });

  it('numbers the labels and knows the majority baseline', () => {
    const task = makeTask(examples, options);
    expect(task.labels).toEqual(['common', 'rare']);
    const common = task.test.texts.filter((text) => Number(text.split(' ')[1]) % 4 !== 0).length;
    expect(majorityAccuracy(task)).toBeCloseTo(common / 15, 12);
  });

  it('refuses one label, too few sentences and test labels that training lacks', () => {
    expect(() =>
      makeTask(
        examples.filter(({ label }) => label === 'rare'),
        options,
      ),
    ).toThrow('at least two labels');
    expect(() => makeTask(examples.slice(0, 4), options)).toThrow('too few');
    expect(() => makeTask(examples, { ...options, testExamples: [{ text: 'x', label: 'new' }] })).toThrow(
      'unknown label "new"',
    );
  });
});
