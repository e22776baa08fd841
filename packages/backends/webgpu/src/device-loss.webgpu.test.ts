import type { TapgradError } from '@tapgrad/core';
import { add, backend, dispose, tensor1d } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type TrainingBackend, useWebgpu } from './index.ts';

const rejections: unknown[] = [];
const rejected = (reason: unknown) => void rejections.push(reason);

beforeEach(async () => {
  process.on('unhandledRejection', rejected);
  await useWebgpu({ onDeviceLost: () => undefined });
});
afterEach(() => {
  process.off('unhandledRejection', rejected);
  rejections.length = 0;
});

const gpu = () => backend() as TrainingBackend;
const nextTask = () => new Promise((resolve) => setTimeout(resolve, 20));

it('two that ask for a new device at once get the same one, and no other is made', async () => {
  const lost = gpu().device;
  lost.destroy();
  const asked = vi.spyOn(navigator.gpu, 'requestAdapter');
  await Promise.all([useWebgpu(), useWebgpu()]);
  expect(asked).toHaveBeenCalledOnce();
  asked.mockRestore();
  expect(gpu().device).not.toBe(lost);
  const x = tensor1d([1, 2]);
  const sum = add(x, x);
  expect([...(await sum.data())]).toEqual([2, 4]);
  dispose([x, sum]);
});

it('whoever gave a listener last is told, whether or not the device was there before, and of later devices', async () => {
  const told: TapgradError[] = [];
  await useWebgpu({ onDeviceLost: (error) => void told.push(error) });
  await useWebgpu();
  gpu().device.destroy();
  await useWebgpu();
  gpu().device.destroy();
  await useWebgpu();
  const lost = expect.objectContaining({ code: 'WEBGPU_DEVICE_LOST' });
  expect(told).toEqual([lost, lost]);
});

it('a listener that throws keeps nobody from a new device', async () => {
  const thrown = new Error('thrown by a listener');
  await useWebgpu({
    onDeviceLost: () => {
      throw thrown;
    },
  });
  const { device } = gpu();
  device.destroy();
  await useWebgpu();
  expect(gpu().device).not.toBe(device);
  await nextTask();
  // As of any event's listener.
  expect(rejections).toEqual([thrown]);
});

it('large tensors that are made just after the loss, which was not told yet, reject nothing', async () => {
  gpu().device.destroy();
  const x = tensor1d(new Float32Array(1 << 20));
  const sum = add(x, x);
  await expect(sum.data()).rejects.toMatchObject({ code: 'WEBGPU_DEVICE_LOST' });
  await nextTask();
  expect(rejections).toEqual([]);
  await useWebgpu();
  dispose([x, sum]);
});
