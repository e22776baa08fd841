import { appendFileSync, existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogEntry } from './results.ts';
import { folderOf, newestRun, RunFolder, withoutRepeats } from './run-folder.ts';
import { madeUpRun } from './test-run.ts';

const run = madeUpRun();
const { settings } = run;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapgrad-runs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const step = (at: number, loss = 0): LogEntry => ({ kind: 'step', step: at, task: 0, loss, terms: {}, ms: 1 });
const accuracy = (at: number, value: number): LogEntry => ({
  kind: 'accuracy',
  step: at,
  task: 0,
  end: false,
  accuracy: [value],
  ms: 1,
});

describe('the folder of a run', () => {
  it('is named by the settings, the same each time', () => {
    expect(folderOf(settings)).toBe(folderOf({ ...settings }));
    expect(folderOf(settings)).toMatch(/^runs\/continual\/er\+ewc-wordnet-class-seed1-[0-9a-f]{6}$/);
    expect(folderOf({ ...settings, epochs: 4 })).not.toBe(folderOf(settings));
    expect(folderOf({ ...settings, data: '../my data.tsv' })).toMatch(/er\+ewc-my-data-class/);
  });

  it('goes on with the run that was begun there, and refuses another', () => {
    const place = new RunFolder(join(folder, 'a'));
    expect(place.begun).toBeUndefined();
    place.begin(settings, 'hash');
    place.begin(settings, 'hash');
    const refused = (reason: RegExp) =>
      expect.objectContaining({ code: 'RUN_DIFFERS', reason: expect.stringMatching(reason) });
    expect(() => place.begin({ ...settings, epochs: 9, learningRate: 0.1 }, 'hash')).toThrow(
      refused(/--epochs 9, not 3; --learning-rate 0.1, not \(none\)/),
    );
    expect(() => place.begin(settings, 'other')).toThrow(refused(/samples have changed/));
    place.clear();
    expect(place.begun).toBeUndefined();
  });

  it('tells a finished run from another, and says what is no run', () => {
    const place = new RunFolder(folder);
    place.begin(settings, 'hash');
    place.write({ ...run, finished: false }, 'page');
    expect(place.finished).toBeUndefined();
    place.write(run, 'page');
    expect(place.finished?.metrics).toEqual(run.metrics);
    writeFileSync(join(folder, 'run.json'), 'not json');
    expect(() => place.begun).toThrow(expect.objectContaining({ code: 'RUN_UNREADABLE' }));
  });

  it('removes nothing of others when it starts over', () => {
    const place = new RunFolder(folder);
    writeFileSync(join(folder, 'mine.txt'), 'mine');
    place.begin(settings, 'hash');
    place.log(step(1));
    place.clear();
    expect(existsSync(join(folder, 'mine.txt'))).toBe(true);
    expect(place.entries()).toEqual([]);
  });
});

describe('the log', () => {
  it('outlives a process that is killed in the middle of a line', () => {
    const place = new RunFolder(folder);
    place.log(step(1));
    place.log(step(2));
    appendFileSync(join(folder, 'log.jsonl'), '{"kind":"step","st');
    expect(place.entries()).toEqual([step(1), step(2)]);
  });

  it('goes on behind a line that was cut off', () => {
    const place = new RunFolder(folder);
    place.log(step(1));
    appendFileSync(join(folder, 'log.jsonl'), '{"kind":"step","st');
    place.mend();
    place.log(step(2));
    expect(place.entries()).toEqual([step(1), step(2)]);
  });

  it('holds each update once: what was made again after a resume counts', () => {
    const entries = [step(1), step(2), accuracy(2, 0.1), step(3), step(4), accuracy(4, 0.2), step(3, 5), step(4, 6)];
    expect(withoutRepeats(entries)).toEqual([step(1), step(2), accuracy(2, 0.1), step(3, 5), step(4, 6)]);
    expect(withoutRepeats([step(1), accuracy(1, 0.1), accuracy(1, 0.3)])).toEqual([step(1), accuracy(1, 0.3)]);
  });
});

describe('the newest run', () => {
  it('is one that is not finished, if there is one', () => {
    expect(() => newestRun(folder)).toThrow(expect.objectContaining({ code: 'RUN_MISSING' }));
    ['old', 'newer', 'done'].forEach((name, index) => {
      const place = new RunFolder(join(folder, name));
      place.begin(settings, 'hash');
      if (name === 'done') place.write(run, 'page');
      utimesSync(join(folder, name, 'run.json'), index, index);
    });
    expect(newestRun(folder)).toBe(join(folder, 'newer'));
  });
});
