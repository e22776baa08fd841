import { beforeAll, expect, it, vi } from 'vitest';
import { HostStaging } from './host-staging.ts';

beforeAll(() => {
  vi.stubGlobal('GPUBufferUsage', { COPY_DST: 8, MAP_READ: 1 });
  vi.stubGlobal('GPUMapMode', { READ: 1 });
  return () => vi.unstubAllGlobals();
});

class Buffer {
  mapState: GPUBufferMapState = 'unmapped';
  constructor(
    readonly size: number,
    readonly isBroken: boolean,
    readonly destroy: () => void,
  ) {}
  async mapAsync(): Promise<void> {
    if (this.isBroken) throw new Error('this buffer is invalid');
    this.mapState = 'mapped';
  }
  getMappedRange(): ArrayBuffer {
    return new ArrayBuffer(this.size);
  }
  unmap(): void {
    this.mapState = 'unmapped';
  }
}

/** A device of which nothing but its buffers is asked. */
function stagingOf({ hasRoom = (): boolean => true } = {}) {
  const live = new Set<Buffer>();
  let made = 0;
  const device = {
    createBuffer({ size }: { size: number }) {
      const buffer: Buffer = new Buffer(size, !hasRoom(), () => live.delete(buffer));
      live.add(buffer);
      made++;
      return buffer;
    },
  };
  const staging: HostStaging = new HostStaging({
    device: device as unknown as GPUDevice,
    faults: { refuseIfLost: () => undefined, raiseCause: async () => undefined } as never,
    copy: () => undefined,
    flush: () => staging.submitted(),
  });
  /** As many values of these bytes as one step sends, all away at one time. @returns how many buffers were made for it */
  const step = async (count: number, bytes: number): Promise<number> => {
    const before = made;
    const away = Array.from({ length: count }, () => staging.copy({} as GPUBuffer, 'float32', bytes));
    for (const values of away) await values.whenArrived();
    for (const values of away) values.free();
    return made - before;
  };
  const bytes = () => [...live].reduce((sum, { size }) => sum + size, 0);
  return { staging, step, bytes };
}

it('steps that repeat make no buffer, also once sizes have changed, and keep no more than one needed at most', async () => {
  const { step, bytes } = stagingOf();
  expect(await step(4, 1000)).toBe(4);
  expect(await step(4, 1000)).toBe(0);
  expect(await step(4, 960)).toBe(4);
  expect(await step(4, 960)).toBe(0);
  expect(bytes()).toBeLessThanOrEqual(4000);
});

it('a buffer that there was no memory for is not used again', async () => {
  let room = false;
  const { staging, step } = stagingOf({ hasRoom: () => room });
  const values = staging.copy({} as GPUBuffer, 'float32', 1000);
  await expect(values.whenArrived()).rejects.toThrow('invalid');
  values.free();
  room = true;
  expect(await step(1, 1000)).toBe(1);
  expect(await step(1, 1000)).toBe(0);
});
