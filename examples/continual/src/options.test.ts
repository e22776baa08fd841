import { describe, expect, it } from 'vitest';
import {
  commandOf,
  differences,
  methodAbouts,
  methodLines,
  methodName,
  notNegative,
  settingsOf,
  whole,
} from './options.ts';
import { madeUpRun } from './test-run.ts';

const { settings } = madeUpRun();

describe('options', () => {
  it('refuse what is no number, in words', () => {
    expect(whole(1)('12')).toBe(12);
    for (const text of ['0', '1.5', 'x', '', '-3', '1e30']) expect(() => whole(1)(text)).toThrow('whole number from 1');
    expect(notNegative('0')).toBe(0);
    expect(() => notNegative('-1')).toThrow('number above 0');
  });

  it('name methods, each with a line', () => {
    expect(methodName('derpp')).toBe('derpp');
    expect(() => methodName('gem')).toThrow(/no method "gem"; choose among finetune, joint/);
    expect(methodLines().split('\n')).toHaveLength(Object.keys(methodAbouts).length);
  });

  it('keep the settings of a run apart from what does not change its numbers', () => {
    const options = { ...settings, json: true, fresh: false, checkpointEvery: 5, learningRate: undefined };
    expect(settingsOf(options)).toEqual(settings);
    expect(differences(settings, { ...settings, model: 'tiny' })).toEqual(['--model (none), not tiny']);
  });

  it('give the command that repeats a run', () => {
    const defaults = { ...settings, method: 'er' } as const;
    expect(commandOf({ ...settings, seed: 4, data: "my cat's.tsv" }, defaults)).toBe(
      "npm run continual -- --method er+ewc --data 'my cat'\\''s.tsv' --seed 4",
    );
  });
});
