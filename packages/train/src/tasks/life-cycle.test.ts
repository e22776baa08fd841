import { attach, definePlugin, type LifeCycleContext, type Plugin, type Stack } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sgd } from '../index.ts';
import { numbersOf } from '../test-support.ts';
import { classIncremental, type TaskStream, TaskTrainer, type TaskTrainerOptions } from './index.ts';
import { growing } from './test-growing.ts';
import { clusters, Linear, streamLoss } from './test-streams.ts';

let data: ReturnType<typeof clusters>;
let stream: TaskStream;
let model: Linear;
let optimizer: ReturnType<typeof sgd>;
let stack: Stack<Tensor>;
let log: string[];
let options: TaskTrainerOptions<Tensor>;

beforeEach(() => {
  data = clusters(6, 5, 2);
  stream = classIncremental(data, { tasks: 3 });
  options = { stream, batchSize: 5, epochs: 2, evaluateEvery: 2 };
  fresh();
});
afterEach(() => {
  end();
  data.end();
});

function fresh(...plugins: Plugin[]): void {
  log = [];
  model = new Linear(6);
  optimizer = sgd({ learningRate: 0.1 });
  const attached = [growing(), ...plugins, witness()];
  stack = attach(model, attached, { loss: streamLoss(stream), optimizer, seed: 5 });
}

function end(): void {
  stack.detach();
  model.dispose();
  optimizer.dispose();
}

/** Notes every life-cycle call, with the task that it is told of. */
const witness = definePlugin({
  name: 'witness',
  apply({ hooks }) {
    const note = (when: string, part: string) => (context: LifeCycleContext) => {
      const { index, task, reason, resumed } = context;
      const details = [index, task && `of ${task.name}`, reason, resumed && 'resumed'];
      log.push([when, part, ...details.filter((each) => each !== undefined && each !== false)].join(' '));
    };
    for (const part of ['train', 'epoch', 'task', 'step', 'evaluate'] as const) {
      hooks[part].begin.tap(note('begin', part));
      hooks[part].end.tap(note('end', part));
    }
  },
});

const without = (...parts: string[]) => log.filter((line) => !parts.some((part) => line.split(' ')[1] === part));

/** Notes how many updates the whole has, as plugins are told. */
const told: unknown[] = [];
const updates = definePlugin({
  name: 'updates',
  apply: ({ hooks }) => void hooks.train.begin.tap(({ steps }) => void told.push(steps)),
});

describe('plugins are told', () => {
  it('how many updates the whole will have', async () => {
    const lengths = { batchSize: 4, accumulate: 2, steps: 5 };
    for (const given of [{ epochs: 2 }, { epochs: ({ index }: { index: number }) => index + 1, dropLast: true }, {}]) {
      end();
      fresh(updates());
      const { steps } = await new TaskTrainer(stack, { stream, ...lengths, ...given }).fit();
      expect(told.pop()).toBe(steps);
    }
  });

  it('the same whether tasks are trained in one call or one by one', async () => {
    await new TaskTrainer(stack, options).fit();
    const [whole, weights] = [log, numbersOf(stack as never)];
    end();
    fresh();
    const trainer = new TaskTrainer(stack, options);
    const reasons = [await trainer.next(), await trainer.next(), await trainer.next()].map(({ reason }) => reason);
    expect(log).toEqual(whole);
    expect(reasons).toEqual([undefined, undefined, 'completed']);
    expect(numbersOf(stack as never)).toEqual(weights);
    await expect(trainer.next()).rejects.toMatchObject({ code: 'TASKS_ENDED' });
    expect((await trainer.fit()).reason).toBe('completed');
    expect(log).toEqual(whole);
  });

  it('of the whole, of each task, and of all measurements between', async () => {
    await new TaskTrainer(stack, options).fit();
    expect(without('step', 'epoch', 'evaluate')).toEqual([
      'begin train',
      ...stream.tasks.flatMap(({ index, name }) => [
        `begin task ${index} of ${name}`,
        `end task ${index} of ${name} completed`,
      ]),
      'end train completed',
    ]);
    const measured = (names: readonly number[]) =>
      names.flatMap((i) => ['begin', 'end'].map((when) => `${when} evaluate ${i} of ${stream.tasks[i]?.name}`));
    expect(without('step', 'epoch').slice(0, 8)).toEqual([
      'begin train',
      ...measured([0, 1, 2]),
      `begin task 0 of ${stream.tasks[0]?.name}`,
    ]);
    const [lastEnd, all] = [without('step', 'epoch').slice(-8), measured([0, 1, 2])];
    expect(lastEnd).toEqual([`end task 2 of ${stream.tasks[2]?.name} completed`, ...all, 'end train completed']);
  });

  it('an end for every beginning, in training as in evaluation', async () => {
    await new TaskTrainer(stack, options).fit();
    const open: string[] = [];
    for (const line of log) {
      const [when, part, index] = line.split(' ');
      if (when === 'begin') open.push(`${part} ${part === 'train' ? '' : index}`);
      else expect(open.pop()).toBe(`${part} ${part === 'train' ? '' : index}`);
    }
    expect(open).toEqual([]);
  });

  it('of no end of a task that was not finished, and of that of the whole', async () => {
    const abort = new AbortController();
    const { reason, steps, matrix } = await new TaskTrainer(stack, {
      ...options,
      signal: abort.signal,
      onProgress: (event) => {
        if (event.kind === 'step' && event.task?.index === 1 && event.step === 3) abort.abort();
      },
    }).fit();
    expect({ reason, steps, learned: matrix.learned }).toEqual({ reason: 'aborted', steps: 7, learned: 1 });
    expect(log.filter((line) => line.startsWith('end task'))).toHaveLength(1);
    expect(log.at(-1)).toBe('end train aborted');
  });

  it('of a failure, after which the trainer has ended', async () => {
    end();
    const failing = definePlugin({
      name: 'failing',
      apply: ({ hooks }) =>
        void hooks.task.begin.tap(({ index }) => {
          if (index === 1) throw new Error('broken');
        }),
    });
    fresh(failing());
    const trainer = new TaskTrainer(stack, options);
    await expect(trainer.fit()).rejects.toThrow('broken');
    expect(log.at(-1)).toBe('end train failed');
    expect(trainer.result()).toMatchObject({ reason: 'failed', steps: 4 });
    await expect(trainer.fit()).rejects.toMatchObject({ code: 'TASKS_ENDED' });
  });

  it('of the end of the whole where the last tasks are left out, or the loop is left', async () => {
    const trainer = new TaskTrainer(stack, options);
    await trainer.next();
    expect(log.at(-1)).toMatch(/^end evaluate/);
    await trainer.end();
    expect(log.at(-1)).toBe('end train aborted');
    expect(trainer.result().matrix.learned).toBe(1);
    end();
    fresh();
    for await (const event of new TaskTrainer(stack, options).events()) if (event.kind === 'epoch') break;
    expect(log.at(-1)).toBe('end train aborted');
  });
});

describe('progress events', () => {
  it('name the task, and count within it', async () => {
    const seen: string[] = [];
    await new TaskTrainer(stack, {
      ...options,
      onProgress: (event) => {
        if (event.kind === 'end') seen.push(`end ${event.reason} ${event.step}`);
        else if (event.kind === 'task-evaluation') {
          seen.push(`${event.when} ${event.task.index} at ${event.step}: ${event.accuracies.length}`);
        } else seen.push(`${event.kind} ${event.step} of ${event.task?.name} after ${event.task?.stepsBefore}`);
      },
    }).fit();
    const [first, second] = stream.tasks.map(({ name }) => name);
    expect(seen.slice(0, 11)).toEqual([
      'before 0 at 0: 3',
      `step 1 of ${first} after 0`,
      `step 2 of ${first} after 0`,
      'during 0 at 2: 1',
      `epoch 2 of ${first} after 0`,
      `step 3 of ${first} after 0`,
      `step 4 of ${first} after 0`,
      'during 0 at 4: 1',
      `epoch 4 of ${first} after 0`,
      'after 0 at 4: 3',
      `step 1 of ${second} after 4`,
    ]);
    expect(seen.at(-1)).toBe('end completed 12');
  });
});
