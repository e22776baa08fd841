import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useWebgpu } from '@tapgrad/backend-webgpu';
import { attach, type Module } from '@tapgrad/core';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adamw, cosine, tensorBatches, warmup } from '../index.ts';
import { Mlp, meanSquaredError, sampleData } from '../test-support.ts';
import type { TrainerOptions } from './options.ts';
import { Trainer } from './trainer.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-resume-'));
  await useWebgpu();
});
afterAll(() => rm(folder, { recursive: true }));

/** A run as a new process would make it, with dropout, shuffling, micro-batches, clipping and a schedule. */
async function run(options: Partial<TrainerOptions<Tensor>>) {
  const model = new Mlp(0.3);
  const data = sampleData(20);
  const optimizer = adamw({ learningRate: 0.01 });
  const stack = attach(model as Module<never, Tensor>, [], { loss: meanSquaredError, optimizer, seed: 3 });
  const losses: number[] = [];
  try {
    await new Trainer(stack, {
      data: tensorBatches(data, { batchSize: 3, shuffle: true, seed: 11 }),
      schedule: warmup(3, cosine({ steps: 30 })),
      clip: { norm: 0.5 },
      accumulate: 2,
      steps: 8,
      ...options,
      onProgress(event) {
        if (event.kind === 'step') losses.push(event.loss);
        return options.onProgress?.(event);
      },
    }).fit();
    const { tensors } = stack.state();
    const read = [...tensors].map(async ([name, tensor]) => [name, Array.from(await tensor.data())] as const);
    return { losses, values: new Map(await Promise.all(read)) };
  } finally {
    stack.detach();
    model.dispose();
    optimizer.dispose();
    dispose(data);
  }
}

it('a run that was resumed from its checkpoint is the run in one go, bit for bit, on WebGPU', async () => {
  const abort = new AbortController();
  const whole = await run({});
  const half = await run({
    signal: abort.signal,
    checkpoints: folder,
    onProgress: (event) => {
      if (event.kind === 'step' && event.step === 5) abort.abort();
    },
  });
  const rest = await run({ checkpoints: folder, resume: true });
  expect(half.losses).toHaveLength(5);
  expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
  expect(rest.values).toEqual(whole.values);
  expect(new Set(whole.losses).size).toBe(8);
});
