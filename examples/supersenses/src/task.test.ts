import { describe, expect, it } from 'vitest';
import { loadModel } from './load-model.ts';
import type { Options } from './options.ts';
import { newestMethod, openMethod } from './saved-method.ts';
import { loadTask } from './task.ts';
import { UserError } from './user-error.ts';

const options: Options = {
  methods: ['head'],
  steps: 1,
  batch: 8,
  model: 'tiny',
  data: 'wordnet',
  train: 100,
  test: 20,
  backend: 'cpu',
  seed: 1,
  out: 'missing-folder',
  report: 'report/index.html',
  json: false,
};

describe('what a person may ask for', () => {
  it('WordNet by some of its labels', () => {
    const task = loadTask({ ...options, labels: ['noun.animal', 'noun.plant'] });
    expect(task.labels).toEqual(['noun.animal', 'noun.plant']);
    expect([task.train.texts.length, task.test.texts.length]).toEqual([100, 20]);
  });

  it('is refused with one clear line where it cannot be had', async () => {
    expect(() => loadTask({ ...options, labels: ['noun.animal', 'noun.dragon'] })).toThrow(
      'unknown label "noun.dragon"',
    );
    expect(() => loadTask({ ...options, data: 'missing.tsv' })).toThrow(new UserError('no such file: missing.tsv'));
    expect(() => loadTask({ ...options, testData: 'missing.tsv' })).toThrow(UserError);
    await expect(loadModel('missing-model', 2, 1)).rejects.toThrow('no such model: missing-model');
    await expect(openMethod('missing.safetensors')).rejects.toThrow(new UserError('no such file: missing.safetensors'));
    expect(() => newestMethod(options.out)).toThrow('run "npm start" first');
  });
});
