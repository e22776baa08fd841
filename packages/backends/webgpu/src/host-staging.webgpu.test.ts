import { type HostTransfer, type HostValues, hostTransfer } from '@tapgrad/core';
import { add, backend, dispose, engine, mul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useWebgpu } from './index.ts';

beforeAll(() => useWebgpu());

const transfer = () => hostTransfer() as HostTransfer;

async function arrived(values: HostValues): Promise<number[]> {
  await values.whenArrived();
  expect(values.arrived).toBe(true);
  return [...(values.values ?? [])];
}

async function arrivedAndFreed(values: HostValues): Promise<void> {
  await values.whenArrived();
  values.free();
}

async function back(values: HostValues, like: Tensor): Promise<number[]> {
  await values.whenArrived();
  const info = transfer().fromHost(values.values!, like.shape, like.dtype);
  const made = engine().makeTensorFromTensorInfo(info, backend());
  // Nothing of the copy may be needed any more.
  values.free();
  const numbers = [...(await made.data())];
  made.dispose();
  return numbers;
}

describe('values that leave the device for the host', () => {
  it.each([
    ['float32', [0.1, -2, Number.MAX_VALUE, 1e-40]],
    ['int32', [1, -2, 2 ** 30]],
    ['bool', [1, 0, 1]],
  ] as const)('come back bit for bit: %s', async (dtype, numbers) => {
    const x = tensor([...numbers], undefined, dtype);
    const copy = transfer().toHost(x.dataId);
    expect(await back(copy, x)).toEqual([...(await x.data())]);
    x.dispose();
  });

  it('are those of the moment, though their buffer serves others at once', async () => {
    const x = tensor([1, 2, 3, 4]);
    const computed = mul(x, 2);
    const copy = transfer().toHost(computed.dataId);
    computed.dispose();
    const others = Array.from({ length: 8 }, (_, i) => add(x, i));
    expect(await arrived(copy)).toEqual([2, 4, 6, 8]);
    copy.free();
    dispose([x, ...others]);
  });

  it('are those of the moment, though the queue writes to a free buffer at once', async () => {
    const [x, y] = [1, 2].map((value) => tensor(new Float32Array(100).fill(value)));
    // No command that waits for its submit uses the buffer but the copy.
    await arrivedAndFreed(transfer().toHost(x!.dataId));
    const copy = transfer().toHost(x!.dataId);
    x!.dispose();
    const later = transfer().toHost(y!.dataId);
    expect((await arrived(copy))[0]).toBe(1);
    expect((await arrived(later))[0]).toBe(2);
    for (const each of [copy, later]) each.free();
    y!.dispose();
  });

  it('come with the next submit, and at once to who waits', async () => {
    const submits = vi.spyOn(backend() as unknown as { submitQueue(): void }, 'submitQueue');
    const x = tensor([1, 2, 3]);
    const computed = Array.from({ length: 5 }, (_, i) => mul(x, i));
    const copies = computed.map(({ dataId }) => transfer().toHost(dataId));
    expect(submits).not.toHaveBeenCalled();
    expect(await arrived(copies[4]!)).toEqual([4, 8, 12]);
    await Promise.all(copies.map(({ arrival }) => arrival));
    expect(copies.map(({ values }) => values?.[1])).toEqual([0, 2, 4, 6, 8]);
    expect(submits).toHaveBeenCalledTimes(1);
    submits.mockRestore();
    for (const each of copies) each.free();
    dispose([x, ...computed]);
  });

  it('may be given up before they were copied, while they come and when they are there', async () => {
    const x = tensor([1, 2, 3]);
    const early = transfer().toHost(x.dataId);
    early.free();
    const late = transfer().toHost(x.dataId);
    const coming = late.whenArrived();
    late.free();
    await coming;
    const there = transfer().toHost(x.dataId);
    expect(await arrived(there)).toEqual([1, 2, 3]);
    there.free();
    there.free();
    expect(there.arrived).toBe(false);
    const again = transfer().toHost(x.dataId);
    expect(await arrived(again)).toEqual([1, 2, 3]);
    again.free();
    x.dispose();
  });
});
