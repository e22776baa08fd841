import { hostTransfer } from '@tapgrad/core';
import { add, backend, dispose, fill, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { type TrainingBackend, useWebgpu } from './index.ts';

beforeAll(() => useWebgpu());

const gpu = () => backend() as unknown as TrainingBackend;

function runBroken(x: Tensor): void {
  gpu().dispatch({
    name: 'broken-on-purpose',
    read: {},
    write: { x: [x, 'f32'] },
    code: () => '@compute @workgroup_size(1) fn main() { x[0] = nowhere; }',
    workgroups: 1,
  });
}

it('a kernel that the device refuses is named where values are read next', async () => {
  const x = tensor1d([1, 2, 3]);
  runBroken(x);
  await expect(x.data()).rejects.toMatchObject({
    code: 'WEBGPU_KERNEL_FAILED',
    op: expect.stringContaining('broken-on-purpose'),
    reason: expect.stringContaining('nowhere'),
  });
  const y = tensor1d([4, 5]);
  const sum = add(y, y);
  expect([...(await sum.data())]).toEqual([8, 10]);
  dispose([x, y, sum]);
});

it('of several reads that wait at once each is told what went wrong, and the next is not', async () => {
  const x = tensor1d([1, 2, 3]);
  const [before, early] = [add(x, 1), add(x, 2)];
  const begun = before.data();
  runBroken(x);
  const told = await Promise.allSettled([begun, x.data(), early.data()]);
  expect(told.slice(1).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect([...(await early.data())]).toEqual([3, 4, 5]);
  dispose([x, before, early]);
});

it('a tensor that no buffer of the device holds is refused before anything is lost', () => {
  const most = gpu().device.limits.maxStorageBufferBindingSize;
  const before = gpu().numDataIds();
  expect(() => fill([most / 4 + 1], 1)).toThrow(/WEBGPU_OUT_OF_MEMORY/);
  expect(() => gpu().output([most / 4 + 1])).toThrow(/WEBGPU_OUT_OF_MEMORY/);
  const values = new Float32Array(most / 4 + 1);
  expect(() => hostTransfer()!.fromHost(values, [values.length], 'float32')).toThrow(/WEBGPU_OUT_OF_MEMORY/);
  expect(gpu().numDataIds()).toBe(before);
});
