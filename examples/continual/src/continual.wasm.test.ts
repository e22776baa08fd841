import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { continual } from './continual.ts';
import { methodNames, type Options, settingsOf } from './options.ts';
import type { RunResult } from './results.ts';

let folder = '';
let options: Options;
const printed: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapgrad-continual-'));
  const lines = Array.from({ length: 48 }, (_, index) => `word${index % 4} of number ${index}\tlabel ${index % 4}`);
  writeFileSync(join(folder, 'words.tsv'), lines.join('\n'));
  options = {
    method: 'er',
    data: join(folder, 'words.tsv'),
    scenario: 'class',
    tasks: 2,
    memory: 10,
    epochs: 1,
    batch: 8,
    model: 'tiny',
    strength: 1,
    size: 8,
    backend: 'wasm',
    seed: 1,
    checkpointEvery: 50,
    fresh: false,
    json: false,
  };
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  printed.length = 0;
  vi.spyOn(console, 'log').mockImplementation((text: string) => printed.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function run(name: string, changes: Partial<Options> = {}, signal = new AbortController().signal) {
  const out = join(folder, name);
  const all = { ...options, out, ...changes };
  await continual(all, { defaults: settingsOf(options), signal });
  return JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as RunResult;
}

describe('the continual example', () => {
  it.each(methodNames)('learns a stream by %s, and leaves nothing in memory', async (method) => {
    const { finished, matrix, metrics, log } = await run(method, { method });
    expect(finished).toBe(true);
    expect(matrix).toHaveLength(method === 'joint' ? 1 : 2);
    expect(metrics.averageAccuracy).toBeGreaterThanOrEqual(0);
    const memory = log.findLast((entry) => entry.kind === 'memory');
    const replays = ['a-gem', 'er', 'der', 'derpp', 'er+ewc', 'er+lwf', 'er+lingocl', 'fpf'].includes(method);
    expect(memory).toMatchObject({ memory: { replaySamples: replays ? 10 : 0 } });
    expect(printed.find((line) => line.startsWith('report: '))).toContain('index.html');
  });

  it('learns images, where the task is known', async () => {
    for (let index = 0; index < 24; index++) {
      const data = new Uint8Array(64).fill(60 * (index % 4) + index);
      const label = join(folder, 'images', `grey ${index % 4}`);
      mkdirSync(label, { recursive: true });
      writeFileSync(join(label, `${index}.png`), encode({ width: 8, height: 8, channels: 1, depth: 8, data }));
    }
    for (const model of ['resnet', 'mlp'] as const) {
      const { finished, trainSize } = await run(model, { data: join(folder, 'images'), scenario: 'task', model });
      expect([finished, trainSize]).toEqual([true, 20]);
    }
  });

  it('stopped before its first step has a report that says so, and is gone on with by --resume', async () => {
    const { finished } = await run('stopped', {}, AbortSignal.abort());
    expect([finished, process.exitCode]).toEqual([false, 130]);
    expect(readFileSync(join(folder, 'stopped/index.html'), 'utf8')).toContain('Not finished');
    const resumed = await run('stopped', { resume: join(folder, 'stopped'), method: 'ewc' });
    expect([resumed.finished, resumed.settings.method]).toEqual([true, 'er']);
    const before = printed.length;
    await run('stopped');
    expect(printed.slice(before).join('\n')).toContain('this run is finished');
  });

  it('tells the same memory of a task whether the run was stopped before it or not', async () => {
    const memories = ({ log }: RunResult) => log.filter(({ kind }) => kind === 'memory');
    const whole = memories(await run('whole'));
    const stop = new AbortController();
    vi.mocked(console.log).mockImplementation((text: string) => {
      if (text.startsWith('after task 1')) stop.abort();
    });
    const { matrix } = await run('halves', {}, stop.signal);
    expect(matrix).toHaveLength(1);
    expect(memories(await run('halves'))).toEqual(whole);
  });

  it('shows all of the matrix that there is when nothing but the last test is left', async () => {
    const stop = new AbortController();
    vi.mocked(console.log).mockImplementation((text: string) => {
      printed.push(text);
      if (/^task 2\/2 (\d+)\/\1/.test(text)) stop.abort();
    });
    await run('untested', {}, stop.signal);
    printed.length = 0;
    const { finished } = await run('untested');
    expect(finished).toBe(true);
    expect(printed.filter((line) => line.startsWith('after task')).map((line) => line.slice(0, 12))).toEqual([
      'after task 1',
      'after task 2',
    ]);
  });

  it('refuses a model for other data, more tasks than labels, and a folder without a run', async () => {
    await expect(run('wrong', { model: 'resnet' })).rejects.toThrow('choose among use-lite, tiny');
    await expect(run('many', { tasks: 9 })).rejects.toThrow(expect.objectContaining({ code: 'TASKS_TOO_MANY' }));
    expect(existsSync(join(folder, 'many'))).toBe(false);
    await expect(run('none', { resume: join(folder, 'none') })).rejects.toThrow(
      expect.objectContaining({ code: 'RUN_MISSING' }),
    );
  });
});
