import { beforeAll, expect, it, vi } from 'vitest';
import { BufferPool } from './buffer-pool.ts';

const usage = 0x80;
const MiB = 1 << 20;

beforeAll(() => {
  vi.stubGlobal('GPUBufferUsage', { STORAGE: usage });
  return () => vi.unstubAllGlobals();
});

/** A device of which nothing but its buffers is asked. */
function poolOf({ hasRoom = (): boolean => true, most = 2 ** 40 } = {}) {
  const live = new Set<object>();
  const told: number[] = [];
  let batch = 0;
  const device = {
    limits: { maxBufferSize: most, maxStorageBufferBindingSize: most },
    createBuffer({ size }: { size: number }) {
      const buffer = { size, usage, destroy: () => live.delete(buffer) };
      live.add(buffer);
      return buffer;
    },
    pushErrorScope: () => undefined,
    popErrorScope: async () => (hasRoom() ? null : { message: 'no room' }),
  } as unknown as GPUDevice;
  const pool = new BufferPool(device, { batch: () => batch, outOfMemory: (bytes) => void told.push(bytes) });
  const take = (bytes: number) => {
    const pooled = pool.acquire(bytes, usage);
    pooled.batch = batch;
    return pooled.buffer;
  };
  return { pool, take, told, live, submit: () => void batch++ };
}

it('a buffer serves tensors of about its size, and none that it does not fit', () => {
  const { pool, take } = poolOf();
  const buffer = take(10_000);
  pool.releaseBuffer(buffer);
  expect(take(9_500)).toBe(buffer);
  pool.releaseBuffer(buffer);
  expect(take(8_000)).not.toBe(buffer);
  expect(take(10_500)).not.toBe(buffer);
  expect(pool.numBytesUsed).toBeLessThan(1.04 * 18_500);
});

it('the same tensors get the same buffers, in whatever order they were freed before', () => {
  const { pool, take } = poolOf();
  const step = () => [4, 4, 100, 4, 3000, 100].map(take);
  const free = (buffers: GPUBuffer[]) => {
    for (const buffer of buffers) pool.releaseBuffer(buffer);
  };
  const first = step();
  free([...first].reverse());
  const second = step();
  free(second);
  expect(second).toEqual(first);
  expect(step()).toEqual(first);
});

it('what is idle is bounded by what was needed, and never what waits for a submit', () => {
  const { pool, take, live, submit } = poolOf();
  for (let size = 1; size <= 40; size++) pool.releaseBuffer(take(size * 8 * MiB));
  expect(live.size).toBe(40);
  submit();
  pool.releaseBuffer(take(321 * MiB));
  expect(pool.numBytesAllocated).toBeLessThanOrEqual(1.25 * 330 * MiB + 32 * MiB);
  submit();
  pool.trim();
  expect(live.size).toBe(0);
  expect(pool.numBytesAllocated).toBe(0);
});

it('what the queue writes to is not used by commands that wait', () => {
  const { pool, take, submit } = poolOf();
  const waiting = take(64);
  pool.releaseBuffer(waiting);
  const other = pool.acquireSettled(64, usage).buffer;
  expect(other).not.toBe(waiting);
  pool.releaseBuffer(other);
  submit();
  expect(pool.acquireSettled(64, usage).buffer).toBe(waiting);
});

it('a buffer that the device had no memory for is reported with its bytes, and not used again', async () => {
  let room = true;
  const { pool, take, told } = poolOf({ hasRoom: () => room });
  pool.releaseBuffer(take(2 * MiB));
  room = false;
  const broken = take(4 * MiB);
  await Promise.resolve();
  await Promise.resolve();
  expect(told).toEqual([4 * MiB]);
  room = true;
  pool.releaseBuffer(broken);
  expect(take(4 * MiB)).not.toBe(broken);
});

it('nor while commands wait that used it', async () => {
  const { pool, take } = poolOf({ hasRoom: () => false });
  const broken = take(4 * MiB);
  pool.releaseBuffer(broken);
  await Promise.resolve();
  await Promise.resolve();
  expect(take(4 * MiB)).not.toBe(broken);
});

it('where memory ran out in a place that is not known, no small buffer of before is used again', () => {
  const { pool, take, live } = poolOf();
  const [small, inUse, large] = [take(100), take(100), take(4 * MiB)];
  pool.releaseBuffer(small);
  pool.releaseBuffer(large);
  pool.distrustSmall();
  const after = take(100);
  expect(after).not.toBe(small);
  expect(take(4 * MiB)).toBe(large);
  pool.releaseBuffer(inUse);
  expect(take(100)).not.toBe(inUse);
  pool.releaseBuffer(after);
  expect(take(100)).toBe(after);
  expect(live.size).toBe(3);
  expect(pool.numBytesAllocated).toBe(pool.numBytesUsed);
});

it('a tensor as large as the largest buffer of a device is given it, whatever its class', () => {
  const most = 2 ** 31 - 4;
  const { pool, take, submit } = poolOf({ most });
  const buffer = take(most);
  expect(buffer.size).toBe(most);
  pool.releaseBuffer(buffer);
  submit();
  expect(pool.numBytesUsed).toBe(0);
  pool.trim();
  expect(pool.numBytesAllocated).toBe(0);
});

it('more than a device has in one buffer is refused by name', () => {
  const { take } = poolOf({ most: MiB });
  expect(() => take(2 * MiB)).toThrow(/WEBGPU_OUT_OF_MEMORY.*2097152 bytes/);
});
