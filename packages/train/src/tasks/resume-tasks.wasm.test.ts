import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { attach } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adamw, cosine, Trainer } from '../index.ts';
import { numbersOf } from '../test-support.ts';
import { classIncremental, TaskTrainer, type TaskTrainerOptions } from './index.ts';
import { growing } from './test-growing.ts';
import { clusters, Linear, memoryStore, streamLoss } from './test-streams.ts';

beforeAll(() => useWasm());

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-tasks-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Options = Partial<Omit<TaskTrainerOptions<Tensor>, 'stream'>>;

/** What a new process would make, and what it came to. */
async function run(
  options: Options,
  { seed = 3, tasks = 3, use = (trainer: TaskTrainer<Tensor>): Promise<unknown> => trainer.fit() } = {},
) {
  const data = clusters(6, 10, 4);
  const stream = classIncremental(data, { tasks, seed: 1 });
  const [model, optimizer] = [new Linear(6), adamw({ learningRate: 0.05 })];
  const stack = attach(model, [growing()], { loss: streamLoss(stream), optimizer, seed });
  const losses: number[] = [];
  try {
    const trainer = new TaskTrainer(stack, {
      stream,
      batchSize: 6,
      epochs: 2,
      evaluateEvery: 3,
      schedule: cosine(),
      clip: { norm: 1 },
      ...options,
      onProgress: (event) => {
        if (event.kind === 'step') losses.push(event.loss);
        return options.onProgress?.(event);
      },
    });
    await use(trainer);
    const { reason, matrix, curves, steps } = trainer.result();
    const course = { matrix: matrix.toJSON(), curves, steps, numbers: numbersOf(stack as never) };
    return { reason, losses, course };
  } finally {
    stack.detach();
    for (const each of [model, optimizer]) each.dispose();
    data.end();
  }
}

function stopAfter(total: number): Options {
  const abort = new AbortController();
  return {
    signal: abort.signal,
    onProgress: (event) => {
      if (event.kind === 'step' && event.step + (event.task?.stepsBefore ?? 0) === total) abort.abort();
    },
  };
}

describe('a stream that was stopped and resumed is the stream in one go, bit for bit', () => {
  // 20 samples in batches of 6: 4 updates an epoch, 8 a task.
  it.each([1, 4, 6, 8, 9, 15, 24])('after %i of 24 updates', async (first) => {
    const whole = await run({});
    const half = await run({ ...stopAfter(first), checkpoints: folder });
    const rest = await run({ checkpoints: folder, resume: true });
    expect([half.reason, half.course.steps]).toEqual(['aborted', first]);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.reason).toBe('completed');
    expect(rest.course).toEqual(whole.course);
  });

  it('from every checkpoint that it leaves, inside tasks and between them', async () => {
    const store = memoryStore();
    const checkpoints: { bytes: Uint8Array; from: number }[] = [];
    const steps: number[] = [];
    const whole = await run({
      checkpoints: { store, every: 3 },
      onProgress: (event) => {
        if (event.kind !== 'checkpoint') return;
        const from = event.step + (event.task?.stepsBefore ?? 0);
        checkpoints.push({ bytes: store.files.get(event.name) as Uint8Array, from });
        steps.push(from);
      },
    });
    // Every third update of each task, its last update, and its end.
    expect(steps).toEqual([3, 6, 8, 8, 11, 14, 16, 16, 19, 22, 24, 24]);
    for (const { bytes, from } of checkpoints) {
      const rest = await run({ resume: bytes });
      expect(rest.losses).toEqual(whole.losses.slice(from));
      expect(rest.course).toEqual(whole.course);
    }
  });

  it.each(['before', 'after'])('stopped while tasks are measured %s a task', async (when) => {
    const whole = await run({});
    const abort = new AbortController();
    const half = await run({
      checkpoints: folder,
      signal: abort.signal,
      // The last event before: nothing, or the end of the last epoch of the second task.
      onProgress: (event) => {
        if (when === 'after' && event.kind === 'epoch' && event.task?.index === 1 && event.epoch === 1) abort.abort();
        if (when === 'before' && event.kind === 'task-evaluation') abort.abort();
      },
    });
    expect([half.reason, half.course.steps]).toEqual(['aborted', when === 'after' ? 16 : 0]);
    const rest = await run({ checkpoints: folder, resume: true });
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.course).toEqual(whole.course);
  });

  it('one by one, from a checkpoint in memory', async () => {
    const whole = await run({});
    let bytes: Uint8Array | undefined;
    await run({}, { use: async (trainer) => void (bytes = await trainer.checkpoint()) });
    expect(await run({ resume: bytes as Uint8Array })).toEqual(whole);
    const first = await run(
      {},
      {
        use: async (trainer) => {
          await trainer.next();
          bytes = await trainer.checkpoint();
          await trainer.end();
        },
      },
    );
    expect(first.course.steps).toBe(8);
    const rest = await run(
      { resume: bytes as Uint8Array },
      {
        use: async (trainer) => {
          await trainer.next();
          expect(trainer.result().reason).toBeUndefined();
          await trainer.next();
        },
      },
    );
    expect(rest.course).toEqual(whole.course);
  });

  it('a finished stream has nothing left to do', async () => {
    const whole = await run({ checkpoints: folder });
    const again = await run({ checkpoints: folder, resume: true });
    expect(again).toEqual({ ...whole, losses: [] });
  });
});

describe('a stream is not resumed', () => {
  const checkpointOf = async (options: Options = {}) => {
    const store = memoryStore();
    await run({ ...stopAfter(9), ...options, checkpoints: store });
    return [...store.files.values()].at(-1) as Uint8Array;
  };

  it('with other tasks, another seed, or other batches', async () => {
    const resume = await checkpointOf();
    await expect(run({ resume }, { tasks: 2 })).rejects.toMatchObject({ code: 'CHECKPOINT_DATA' });
    await expect(run({ resume }, { seed: 4 })).rejects.toMatchObject({ code: 'CHECKPOINT_SEED' });
    await expect(run({ resume, batchSize: 5 })).rejects.toMatchObject({ code: 'CHECKPOINT_DATA' });
  });

  it('by a Trainer, nor a Trainer’s run as a stream', async () => {
    const resume = await checkpointOf();
    const model = new Linear(6);
    const data = clusters();
    const stream = classIncremental(data, { tasks: 1 });
    const optimizer = adamw({ learningRate: 0.05 });
    const stack = attach(model, [growing()], { loss: streamLoss(stream), optimizer, seed: 3 });
    const source = stream.tasks[0]?.train({ batchSize: 6 }) ?? [];
    const plain = new Trainer(stack, { data: source, steps: 1, resume });
    await expect(plain.fit()).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    const store = memoryStore();
    await new Trainer(stack, { data: source, steps: 1, checkpoints: store }).fit();
    const [own] = [...store.files.values()];
    await expect(run({ resume: own as Uint8Array })).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    stack.detach();
    for (const each of [model, optimizer]) each.dispose();
    data.end();
  });
});
