import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleProgram, runProgram } from '../test-processes.ts';

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
  await bundleProgram(folder, program);
});
afterAll(() => rm(folder, { recursive: true }));

const run = (name: string, steps: number, killAt?: string) => runProgram(folder, [name, String(steps)], killAt);

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
