import { expectClose, runKernel, sample } from '@tapgrad/kernel-tests';
import { dispose, engine } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useWebgpu } from '../index.ts';
import type { TrainingBackend } from '../training-backend.ts';

beforeAll(() => useWebgpu());

const sizes = [1, 0, 4095, 4096, 4097, 3, 3, 3, 3, 3, 300];

async function clipped(largest: number) {
  const all = sizes.map((size, i) => sample([size], `gradient ${i}`));
  const inputs = Object.fromEntries(all.map(({ tensor }, i) => [`g${i}`, tensor]));
  const [norm] = runKernel('tapgrad.ClipByGlobalNorm', inputs, { largest, epsilon: 1e-6 });
  const expected = Math.sqrt(all.reduce((sum, { values }) => values.reduce((s, x) => s + x * x, sum), 0));
  expectClose(await norm!.data(), [expected], 1e-5);
  const factor = Math.min(largest / (expected + 1e-6), 1);
  for (const { tensor, values } of all) {
    expectClose(
      await tensor.data(),
      values.map((x) => x * factor),
      1e-5,
    );
    tensor.dispose();
  }
  norm!.dispose();
  return factor;
}

describe('ClipByGlobalNorm', () => {
  it('scales every tensor to the norm that is allowed, and returns what it was', async () => {
    expect(await clipped(2)).toBeLessThan(0.1);
  });

  it('leaves what is small enough as it is', async () => {
    expect(await clipped(1e4)).toBe(1);
  });

  it('takes two dispatches for as many tensors as bindings allow, and one', () => {
    const gpu = engine().backend as TrainingBackend;
    const perDispatch = Math.min(15, gpu.device.limits.maxStorageBuffersPerShaderStage - 1);
    const all = sizes.map((size, i) => sample([size], `gradient ${i}`).tensor);
    const dispatched = vi.spyOn(gpu, 'dispatch');
    dispose(
      runKernel('tapgrad.ClipByGlobalNorm', Object.fromEntries(all.map((x, i) => [`g${i}`, x])), {
        largest: 1,
        epsilon: 0,
      }),
    );
    expect(dispatched).toHaveBeenCalledTimes(1 + 2 * Math.ceil(10 / perDispatch));
    dispatched.mockRestore();
    dispose(all);
  });

  it('of nothing but empty tensors is 0', async () => {
    const { tensor } = sample([0], 'empty');
    const [norm] = runKernel('tapgrad.ClipByGlobalNorm', { tensor }, { largest: 1, epsilon: 0 });
    expect([...(await norm!.data())]).toEqual([0]);
    dispose([tensor, norm!]);
  });
});
