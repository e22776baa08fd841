import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { output, tool } from '../scripts/lib/commands.mjs';

const noBrowser = {
  ...process.env,
  TAPGRAD_REQUIRE: '',
  TAPGRAD_CHROMIUM: join(import.meta.dirname, 'no-such-browser'),
};

function node(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<{ code: number; text: string }> {
  return output(process.execPath, args, { env: { ...env, VITEST: undefined, NODE_ENV: undefined } });
}

describe('the workspace', () => {
  it('fails a test file that leaves a tensor behind', async () => {
    const { code, text } = await node([
      tool('vitest/vitest.mjs'),
      'run',
      '--root=.',
      '--config=e2e/fixtures/vitest.config.ts',
    ]);
    expect(code).not.toBe(0);
    expect(text).toContain('e2e/fixtures/leaky.ts leaked 1 tensors, 1 buffers');
  });

  it('is set up once: a second run does and says nothing', async () => {
    await node(['scripts/setup.mjs', '--build']);
    expect(await node(['scripts/setup.mjs', '--build'])).toEqual({ code: 0, text: '' });
  });

  it('skips a group whose device is missing, and says why', async () => {
    const { code, text } = await node(['scripts/test.mjs', 'browser'], noBrowser);
    expect(text).toMatch(/browser: skipped: no Chromium at \S+no-such-browser/);
    expect(text.trimEnd().split('\n').at(-1)).toBe('0 passed, 0 failed');
    expect(code).toBe(0);
  });

  it('fails such a group where TAPGRAD_REQUIRE names it', async () => {
    const { code, text } = await node(['scripts/test.mjs', 'browser'], {
      ...noBrowser,
      TAPGRAD_REQUIRE: 'wasm,browser',
    });
    expect(text.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
  });

  it('runs the main job, whose last line with --json is one object', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tapgrad-start-'));
    const small = ['--model', 'tiny', '--steps', '2', '--train', '64', '--test', '32', '--methods', 'head,ladder'];
    const places = ['--out', join(folder, 'runs'), '--report', join(folder, 'index.html')];
    const { code, text } = await node(['scripts/start.mjs', ...small, ...places, '--json']);
    const { methods } = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
    expect(methods.map(({ name }: { name: string }) => name)).toEqual(['head', 'ladder']);
    expect(code).toBe(0);
    expect(await readFile(join(folder, 'index.html'), 'utf8')).toContain('<html');
    await rm(folder, { recursive: true });
  });

  it('hands the exit code of the main job on', async () => {
    const { code, text } = await node(['scripts/start.mjs', '--data', 'no-such-file.tsv']);
    expect(text).toContain('no-such-file.tsv');
    expect(code).toBe(1);
  });
});
