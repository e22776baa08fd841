import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { output } from '../scripts/lib/commands.mjs';

const env = { ...process.env, VITEST: undefined, NODE_ENV: undefined };
let folder = '';
let options: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-continual-'));
  const words = ['cat dog horse', 'oak fern tulip', 'car bus train', 'red green blue'].map((line) => line.split(' '));
  const lines = Array.from({ length: 160 }, (_, i) => `${words[i % 4]?.[(i >> 2) % 3]} number ${i}\tlabel ${i % 4}`);
  await writeFile(join(folder, 'words.tsv'), lines.join('\n'));
  const data = ['--data', join(folder, 'words.tsv'), '--model', 'tiny', '--tasks', '2'];
  options = [...data, '--epochs', '4', '--batch', '8', '--memory', '20', '--checkpoint-every', '5'];
});

afterAll(() => rm(folder, { recursive: true }));

function run(name: string, ...more: readonly string[]): Promise<{ code: number; text: string }> {
  const args = ['scripts/continual.mjs', ...options, '--method', 'derpp', '--out', join(folder, name), ...more];
  return output(process.execPath, args, { env });
}

/** Starts a run and sends a signal once its log has so many lines. Resolves to its exit code, null if it was killed. */
async function stopped(name: string, lines: number, signal: NodeJS.Signals): Promise<number | null> {
  const args = ['scripts/continual.mjs', ...options, '--method', 'derpp', '--out', join(folder, name)];
  const child = spawn(process.execPath, args, { env: env as NodeJS.ProcessEnv, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const log = join(folder, name, 'log.jsonl');
  while (child.exitCode === null && (existsSync(log) ? (await readFile(log, 'utf8')).split('\n').length : 0) < lines) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill(signal);
  return ended;
}

interface Results {
  readonly finished: boolean;
  readonly matrix: number[][];
  readonly log: { kind: string; step: number; loss?: number; accuracy?: number[] }[];
}

/** What the run came to, without times. */
async function numbers(name: string): Promise<unknown> {
  const { finished, matrix, log } = JSON.parse(await readFile(join(folder, name, 'results.json'), 'utf8')) as Results;
  return { finished, matrix, log: log.map(({ kind, step, loss, accuracy }) => ({ kind, step, loss, accuracy })) };
}

describe('the continual example', () => {
  it('learns task after task; a run that was stopped, or killed, comes to the same numbers', async () => {
    const { code, text } = await run('whole', '--json');
    expect(code, text).toBe(0);
    expect(text).toMatch(/after task 1 .*\n[\s\S]*after task 2 /);
    const { matrix, metrics } = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Results & { metrics: object };
    expect(matrix).toHaveLength(2);
    expect(metrics).toHaveProperty('averageAccuracy');
    expect(await readFile(join(folder, 'whole/index.html'), 'utf8')).toContain('<html');

    expect(await stopped('stopped', 8, 'SIGINT')).toBe(130);
    expect((await run('stopped')).code).toBe(0);
    expect(await numbers('stopped')).toEqual(await numbers('whole'));

    expect(await stopped('killed', 52, 'SIGKILL')).toBe(null);
    expect((await run('killed')).text).toContain('going on');
    expect(await numbers('killed')).toEqual(await numbers('whole'));
  });

  it('says that a run is finished, and refuses other options in its folder', async () => {
    expect(await run('whole')).toMatchObject({ code: 0, text: expect.stringContaining('finished') });
    expect(await run('whole', '--seed', '2')).toMatchObject({ code: 1, text: expect.stringContaining('RUN_DIFFERS') });
  });

  it('lists its methods, and names what is wrong', async () => {
    const list = await output(process.execPath, ['scripts/continual.mjs', '--methods'], { env });
    expect(list.text).toContain('elastic weight consolidation');
    const missing = await output(process.execPath, ['scripts/continual.mjs', '--data', 'no-such.tsv'], { env });
    expect(missing).toMatchObject({ code: 1, text: expect.stringContaining('DATASET_MISSING: no such file') });
  });
});
