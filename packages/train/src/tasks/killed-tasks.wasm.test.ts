import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleProgram, runProgram } from '../test-processes.ts';

/** Trains three tasks, says the loss of every update, and at the end a hash of the weights, the matrix and the curves. */
const program = `
  import { createHash } from 'node:crypto';
  import { useWasm } from '@tapgrad/backend-wasm';
  import { attach } from '@tapgrad/core';
  import { adamw, classIncremental, TaskTrainer } from './index.ts';
  import { growing } from './tasks/test-growing.ts';
  import { clusters, Linear, streamLoss } from './tasks/test-streams.ts';
  import { numbersOf } from './test-support.ts';
  await useWasm();
  const [folder] = process.argv.slice(2);
  const stream = classIncremental(clusters(6, 10, 4), { tasks: 3, seed: 1 });
  const optimizer = adamw({ learningRate: 0.05 });
  const stack = attach(new Linear(6), [growing()], { loss: streamLoss(stream), optimizer, seed: 3 });
  const { matrix, curves } = await new TaskTrainer(stack, {
    stream,
    batchSize: 6,
    epochs: 4,
    evaluateEvery: 3,
    checkpoints: { store: folder, every: 2 },
    resume: true,
    onProgress: (event) => {
      if (event.kind === 'step') console.log(event.task.stepsBefore + event.step + ' ' + event.loss);
    },
  }).fit();
  const all = JSON.stringify([numbersOf(stack), matrix, curves]);
  console.log('end ' + createHash('sha256').update(all).digest('hex'));
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-killed-tasks-'));
  await bundleProgram(folder, program);
});
afterAll(() => rm(folder, { recursive: true }));

it('a process that was killed twice goes on bit for bit', { timeout: 60_000 }, async () => {
  const whole = await runProgram(folder, ['whole']);
  expect(whole).toHaveLength(49);
  await runProgram(folder, ['killed'], '5');
  const second = await runProgram(folder, ['killed'], '21');
  const rest = await runProgram(folder, ['killed']);
  for (const lines of [second, rest]) {
    const first = Number.parseInt(lines[0] as string, 10);
    expect(first).toBeGreaterThan(1);
    expect(lines).toEqual(whole.slice(first - 1, first - 1 + lines.length));
  }
  expect(rest.at(-1)).toBe(whole.at(-1));
});
