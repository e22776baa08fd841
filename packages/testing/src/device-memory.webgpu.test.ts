import { type TrainingBackend, useWebgpu } from '@tapgrad/backend-webgpu';
import { attach, disposeBatch, measureMemory, randomStream } from '@tapgrad/core';
import { crossEntropy, TextEncoder } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { dispose, engine, greater, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

beforeAll(() => useWebgpu());

const gpu = () => engine().backend as unknown as TrainingBackend;

function training() {
  const random = randomStream(1, 'model');
  const model = new TextEncoder({ width: 96, heads: 4, layers: 3, classes: 5, vocabularySize: 64, random });
  const optimizer = adamw({ learningRate: 1e-3 });
  const stack = attach(model, [], { loss: crossEntropy, optimizer });
  const batch = {
    inputs: tensor(
      Array.from({ length: 4 * 24 }, (_, i) => (i * 7) % 64),
      [4, 24],
      'int32',
    ),
    targets: tensor([0, 1, 2, 3], [4], 'int32'),
  };
  const end = () => {
    stack.detach();
    optimizer.dispose();
    model.dispose();
    disposeBatch(batch);
  };
  return { stack, batch, end };
}

it('the peak of a training step is, within 5 %, what the device holds in buffers', async () => {
  gpu().trim();
  const { stack, batch, end } = training();
  for (let step = 0; step < 2; step++) await (await stack.step(batch)).loss;
  const before = stack.ledger.device()!;
  expect(before.used / stack.ledger.now().bytes).toBeCloseTo(1, 1);
  stack.ledger.resetPeak();
  for (let step = 0; step < 3; step++) await (await stack.step(batch)).loss;
  const { mostUsed, mostReserved } = stack.ledger.device()!;
  const peak = stack.ledger.peak().bytes;
  expect(Math.abs(mostUsed / peak - 1)).toBeLessThan(0.05);
  // A pool that fits buffers to tensors of other sizes has little idle, step after step.
  expect(mostReserved).toBeLessThan(1.5 * peak);
  expect(mostReserved).toBe(before.mostReserved);
  end();
});

it('idle memory goes back to the device', async () => {
  const { stack, batch, end } = training();
  await (await stack.step(batch)).loss;
  end();
  gpu().trim();
  expect(gpu().deviceMemory()).toMatchObject({ used: 0, reserved: 0 });
});

it('a boolean is counted with the four bytes that it takes', () => {
  const numbers = zeros([1000]);
  const { used } = gpu().deviceMemory();
  const { value, peak } = measureMemory(() => greater(numbers, 0));
  expect(value.dtype).toBe('bool');
  // The scalar that the numbers are compared with takes what is left.
  expect(peak.bytes).toBe(4004);
  expect(gpu().deviceMemory().used - used).toBeGreaterThanOrEqual(4000);
  dispose([value, numbers]);
});
