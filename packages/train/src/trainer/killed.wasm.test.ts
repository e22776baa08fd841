import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Trains, says each loss, and at the end a hash of every parameter and moment. */
const program = `
  import { createHash } from 'node:crypto';
  import { useWasm } from '@tapgrad/backend-wasm';
  import { attach } from '@tapgrad/core';
  import { adamw, tensorBatches, Trainer } from './index.ts';
  import { Mlp, meanSquaredError, numbersOf, sampleData } from './test-support.ts';
  await useWasm();
  const [folder, steps] = process.argv.slice(2);
  const stack = attach(new Mlp(0.3), [], { loss: meanSquaredError, optimizer: adamw({ learningRate: 0.01 }), seed: 5 });
  await new Trainer(stack, {
    data: tensorBatches(sampleData(), { batchSize: 3, shuffle: true }),
    steps: Number(steps),
    checkpoints: { store: folder, every: 2 },
    resume: true,
    onProgress: (event) => void (event.kind === 'step' && console.log(event.step + ' ' + event.loss)),
  }).fit();
  console.log('end ' + createHash('sha256').update(JSON.stringify(numbersOf(stack))).digest('hex'));
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-killed-'));
  const sources = join(import.meta.dirname, '..');
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: sources, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
    plugins: [
      {
        name: 'own sources inside, packages from where they are installed',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[a-z@]/ }, ({ path, importer }) =>
            path.startsWith('@tapgrad/') || path.startsWith('node:')
              ? undefined
              : { path: createRequire(importer).resolve(path), external: true },
          ),
      },
    ],
    logLevel: 'error',
  });
  await writeFile(join(folder, 'program.mjs'), outputFiles[0]?.contents as Uint8Array);
});
afterAll(() => rm(folder, { recursive: true }));

/** Lines of a run, killed without warning when it says `killAt`. */
function run(name: string, steps: number, killAt?: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, 'program.mjs'), join(folder, name), String(steps)]);
    let text = '';
    let errors = '';
    child.stderr.on('data', (part) => (errors += part));
    child.stdout.on('data', (part) => {
      text += part;
      if (killAt !== undefined && text.split('\n').some((line) => line.startsWith(`${killAt} `))) child.kill('SIGKILL');
    });
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(text.trim().split('\n'));
      else reject(new Error(errors));
    });
  });
}

it('a process that was killed goes on bit for bit in another', { timeout: 60_000 }, async () => {
  const whole = await run('whole', 40);
  expect(whole).toHaveLength(41);
  const killed = await run('killed', 40, '9');
  const rest = await run('killed', 40);
  expect(rest.at(-1)).toBe(whole.at(-1));
  const first = Number.parseInt(rest[0] as string, 10);
  expect(first).toBeLessThanOrEqual(killed.length + 1);
  expect(rest).toEqual(whole.slice(first - 1));
});
