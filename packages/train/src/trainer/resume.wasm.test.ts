import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { attach, definePlugin, type Module, Parameter, type Stack } from '@tapgrad/core';
import { add, dispose, keep, mul, scalar, type Tensor, tidy, zeros, zerosLike } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adamw, cosine, type NamedStateOptimizer, sgd, tensorBatches, warmup } from '../index.ts';
import { Mlp, meanSquaredError, memoryStore, numbersOf, sampleData } from '../test-support.ts';
import type { TrainerOptions } from './options.ts';
import { Trainer } from './trainer.ts';

beforeAll(() => useWasm());

/** Has all that must survive: a parameter that trains, a tensor, a number that an epoch's beginning changes, draws. */
const drift = definePlugin({
  name: 'drift',
  apply({ hooks, addParameter, random }) {
    const scale = addParameter('scale', new Parameter(scalar(1)));
    let epochs = 0;
    let mean: Tensor | undefined;
    hooks.tap(':output').forward((value) => mul(value, scale.read()));
    hooks.epoch.begin.tap(() => void epochs++);
    hooks.gradients.step.tap((gradients) => {
      const name = 'layers.0.weight';
      const gradient = gradients.get(name) as Tensor;
      const noise = random('noise').next();
      const next = tidy(() => add(mul(mean ?? zerosLike(gradient), 0.9), gradient));
      mean?.dispose();
      mean = keep(next);
      return new Map(gradients).set(name, add(gradient, mul(mean, 0.1 * epochs * noise)));
    });
    return {
      saveState: () => ({ tensors: new Map(mean ? [['mean', mean]] : []), json: { epochs } }),
      loadState({ tensors, json }) {
        epochs = (json as { epochs: number }).epochs;
        mean?.dispose();
        const saved = tensors?.get('mean');
        mean = saved && keep(saved.clone());
      },
      dispose: () => mean?.dispose(),
    };
  },
});

/** What a new process would make. */
interface Process {
  readonly stack: Stack<Tensor>;
  readonly optimizer: NamedStateOptimizer;
  readonly data: { inputs: Tensor; targets: Tensor };
  end(): void;
}

function begin(optimizer: NamedStateOptimizer): Process {
  const model = new Mlp(0.3);
  const data = sampleData(20);
  const stack = attach(model as Module<never, Tensor>, [drift()], { loss: meanSquaredError, optimizer, seed: 3 });
  return {
    stack,
    optimizer,
    data,
    end() {
      stack.detach();
      model.dispose();
      optimizer.dispose();
      dispose(data);
    },
  };
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-resume-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(make: () => NamedStateOptimizer, options: Partial<TrainerOptions<Tensor>>) {
  const process = begin(make());
  const losses: number[] = [];
  const trainer = new Trainer(process.stack, {
    data: tensorBatches(process.data, { batchSize: 3, shuffle: true, seed: 11 }),
    evaluation: { data: tensorBatches(process.data, { batchSize: 9 }), every: 4 },
    schedule: warmup(3, cosine({ steps: 30 })),
    clip: { norm: 0.5 },
    ...options,
    onProgress: (event) => {
      if (event.kind === 'step') losses.push(event.loss);
      return options.onProgress?.(event);
    },
  } as TrainerOptions<Tensor>);
  try {
    const result = await trainer.fit();
    return { result, losses, numbers: numbersOf(process.stack as never), steps: process.stack.steps };
  } finally {
    process.end();
  }
}

const optimizers: [string, () => NamedStateOptimizer][] = [
  ['adamw', () => adamw({ learningRate: 0.01 })],
  ['sgd with momentum', () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true })],
];

describe.each(optimizers)('a run with %s that was resumed is the run in one go, bit for bit', (_, make) => {
  it.each([5, 7, 9])('after %i of 10 updates, 7 of which make an epoch', async (first) => {
    const whole = await run(make, { steps: 10 });
    const half = await run(make, { steps: 10, ...stopAfter(first), checkpoints: folder });
    const rest = await run(make, { steps: 10, checkpoints: folder, resume: true });
    expect(half.result).toMatchObject({ reason: 'aborted', steps: first });
    expect(rest.result).toMatchObject({ reason: 'completed', steps: 10, epochs: 1 });
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.numbers).toEqual(whole.numbers);
    expect(rest.steps).toBe(10);
    expect(rest.result.evaluation).toMatchObject({ loss: whole.result.evaluation?.loss, step: 10 });
  });

  it('within an epoch and with micro-batches, from a checkpoint of every third update', async () => {
    const options = { epochs: 3, accumulate: 2 };
    const whole = await run(make, options);
    let bytes: Uint8Array | undefined;
    const store = memoryStore();
    await run(make, {
      ...options,
      checkpoints: { store, every: 3 },
      onProgress: (event) => {
        if (event.kind === 'checkpoint' && event.step === 6) bytes = store.files.get(event.name);
      },
    });
    const rest = await run(make, { ...options, resume: bytes as Uint8Array });
    expect(rest.losses).toEqual(whole.losses.slice(6));
    expect(rest.numbers).toEqual(whole.numbers);
  });

  it('from the checkpoint at the end of an epoch, and a finished run has nothing left to do', async () => {
    const whole = await run(make, { epochs: 3 });
    await run(make, { epochs: 2, checkpoints: folder });
    const rest = await run(make, { epochs: 3, checkpoints: folder, resume: true });
    expect(rest.losses).toHaveLength(7);
    expect(rest.numbers).toEqual(whole.numbers);
    const again = await run(make, { epochs: 3, checkpoints: folder, resume: true });
    expect(again.losses).toEqual([]);
    expect(again.result).toMatchObject({ reason: 'completed', steps: 21 });
    expect(again.numbers).toEqual(whole.numbers);
    expect((await readdir(folder)).sort()).toEqual(['step-000000014.safetensors', 'step-000000021.safetensors']);
  });
});

it('within an epoch a run does not go on with data in another order', async () => {
  const make = () => sgd({ learningRate: 0.05 });
  await run(make, { steps: 10, ...stopAfter(3), checkpoints: folder });
  const inputs = zeros([20, 3]);
  const data = tensorBatches({ inputs }, { batchSize: 3, shuffle: true, seed: 12 });
  await expect(run(make, { steps: 10, checkpoints: folder, resume: true, data })).rejects.toMatchObject({
    code: 'CHECKPOINT_DATA',
  });
  inputs.dispose();
});

it('a run that ended early goes on with more patience, and evaluates nothing twice', async () => {
  const make = () => sgd({ learningRate: 0 });
  const evaluations: number[] = [];
  const ran = (patience: number) =>
    run(make, {
      epochs: 9,
      checkpoints: folder,
      resume: true,
      earlyStopping: { patience },
      evaluation: { data: (epoch) => tensorBatches(sample, { batchSize: 20 }).batches(epoch) },
      onProgress: (event) => void (event.kind === 'evaluation' && evaluations.push(event.step)),
    });
  const sample = sampleData(20);
  expect((await ran(1)).result).toMatchObject({ reason: 'stopped-early', steps: 14 });
  expect((await ran(1)).result).toMatchObject({ reason: 'stopped-early', steps: 14 });
  expect((await ran(3)).result).toMatchObject({ reason: 'stopped-early', steps: 28, best: { step: 7 } });
  expect(evaluations).toEqual([7, 14, 21, 28]);
  dispose(sample);
});

function stopAfter(step: number): Partial<TrainerOptions<Tensor>> {
  const abort = new AbortController();
  return {
    signal: abort.signal,
    onProgress: (event) => {
      if (event.kind === 'step' && event.step === step) abort.abort();
    },
  };
}
