import { type TrainingBackend, useWebgpu } from '@tapgrad/backend-webgpu';
import { attach, type Module, type TapgradError } from '@tapgrad/core';
import { add, backend, dispose, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { adamw, tensorBatches } from '../index.ts';
import { Mlp, meanSquaredError, memoryStore, sampleData } from '../test-support.ts';
import type { TrainerOptions } from './options.ts';
import { Trainer } from './trainer.ts';

const losses: TapgradError[] = [];

beforeAll(() => useWebgpu({ onDeviceLost: (error) => void losses.push(error) }));

const loseDevice = () => (backend() as unknown as TrainingBackend).device.destroy();
const lost = expect.objectContaining({ code: 'WEBGPU_DEVICE_LOST' });

async function run(options: Partial<TrainerOptions<Tensor>>): Promise<number[]> {
  const model = new Mlp(0.3);
  const data = sampleData(20);
  const optimizer = adamw({ learningRate: 0.01 });
  const stack = attach(model as Module<never, Tensor>, [], { loss: meanSquaredError, optimizer, seed: 3 });
  const values: number[] = [];
  const trainer = new Trainer(stack, {
    data: tensorBatches(data, { batchSize: 3, shuffle: true, seed: 11 }),
    steps: 10,
    clip: { norm: 0.5 },
    ...options,
    onProgress: (event) => {
      if (event.kind === 'step') values.push(event.loss);
      return options.onProgress?.(event);
    },
  } as TrainerOptions<Tensor>);
  try {
    await trainer.fit();
    return values;
  } finally {
    stack.detach();
    model.dispose();
    optimizer.dispose();
    dispose(data);
  }
}

it('a run whose device is lost fails with a code, and goes on from its last checkpoint on a new device, bit for bit', async () => {
  const whole = await run({});
  const store = memoryStore();
  const interrupted = run({
    checkpoints: { store, every: 4 },
    onProgress: (event) => {
      if (event.kind === 'step' && event.step === 6) loseDevice();
    },
  });
  await expect(interrupted).rejects.toEqual(lost);
  expect(losses).toEqual([lost]);
  await useWebgpu();
  expect(await run({ checkpoints: { store }, resume: true })).toEqual(whole.slice(4));
});

it('nothing hangs, and nothing is silently zero: kernels and reads say that the device is gone', async () => {
  const x = tensor1d([1, 2, 3]);
  const sum = add(x, x);
  const pending = sum.data();
  loseDevice();
  await expect(pending).rejects.toEqual(lost);
  expect(() => add(x, x)).toThrow(/WEBGPU_DEVICE_LOST/);
  await expect(x.data()).rejects.toEqual(lost);
  await useWebgpu();
  expect(() => add(x, 1)).toThrow(/WEBGPU_DEVICE_LOST/);
  const fresh = tensor1d([1, 2]);
  const twice = add(fresh, fresh);
  expect([...(await twice.data())]).toEqual([2, 4]);
  dispose([x, sum, fresh, twice]);
});
