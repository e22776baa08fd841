import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { classify } from './classify.ts';
import { compare } from './compare.ts';
import { methodNames, type Options } from './options.ts';

let folder = '';
let options: Options;
const printed: string[] = [];
const last = () => JSON.parse(printed.at(-1)!) as { methods: { name: string; lossFirst: number; lossLast: number }[] };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapgrad-supersenses-'));
  const animals = ['cat', 'dog', 'horse', 'sheep'];
  const plants = ['oak', 'fern', 'tulip', 'grass'];
  const lines = Array.from({ length: 160 }, (_, index) =>
    index % 2 ? `${animals[(index >> 1) % 4]} ${index}\tanimal` : `${plants[(index >> 1) % 4]} ${index}\tplant`,
  );
  writeFileSync(join(folder, 'data.tsv'), lines.join('\n'));
  options = {
    methods: ['head', 'full', 'ladder'],
    steps: 30,
    batch: 16,
    model: 'tiny',
    data: join(folder, 'data.tsv'),
    train: 1000,
    test: 40,
    backend: 'wasm',
    seed: 1,
    out: join(folder, 'runs'),
    report: join(folder, 'report', 'index.html'),
    json: true,
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

describe('the main job', () => {
  it('trains by each method, and a saved method names the class of a sentence', async () => {
    await compare(options, new AbortController().signal);
    const { methods } = last();
    expect(methods.map(({ name }) => name)).toEqual(['head', 'full', 'ladder']);
    for (const { lossFirst, lossLast } of methods) expect(lossLast).toBeLessThan(lossFirst);
    expect(readFileSync(options.report, 'utf8')).toContain('ladder');
    for (const name of options.methods) {
      await classify('a sheep and a dog', { ...options, from: join(options.out, `${name}.safetensors`), top: 2 });
      expect(printed.at(-1)).toMatch(new RegExp(`"method":"${name}","classes":\\[{"label":"animal"`));
    }
  });

  it('trains by every method that there is, and each can be used afterwards', async () => {
    await compare({ ...options, methods: methodNames, steps: 12 }, new AbortController().signal);
    const { methods } = last();
    expect(methods.map(({ name }) => name)).toEqual(methodNames);
    for (const { lossFirst, lossLast } of methods) expect(lossLast).toBeLessThan(lossFirst);
    for (const name of methodNames) {
      await classify('a sheep and a dog', { ...options, from: join(options.out, `${name}.safetensors`), top: 2 });
      expect(printed.at(-1)).toContain(`"method":"${name}"`);
    }
  });

  it('gives the same losses for the same seed', async () => {
    const runs: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      await compare({ ...options, steps: 4 }, new AbortController().signal);
      runs.push(last().methods.map(({ lossFirst, lossLast }) => [lossFirst, lossLast]));
    }
    expect(runs[0]).toEqual(runs[1]);
  });

  it('stops after the step in which it was interrupted, says what was kept and exits with 130', async () => {
    const controller = new AbortController();
    vi.spyOn(console, 'log').mockImplementation((text: string) => {
      printed.push(text);
      if (text.startsWith('head') && text.includes('saved')) controller.abort();
    });
    await compare({ ...options, steps: 4 }, controller.signal);
    expect(process.exitCode).toBe(130);
    expect(printed.find((line) => line.startsWith('stopped'))).toContain('head.safetensors');
    expect(last().methods).toHaveLength(1);
  });
});
