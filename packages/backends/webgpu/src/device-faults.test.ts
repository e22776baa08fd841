import { beforeAll, expect, it, vi } from 'vitest';
import { DeviceFaults } from './device-faults.ts';

class OutOfMemory {
  readonly message = 'no room';
}

beforeAll(() => {
  vi.stubGlobal('GPUOutOfMemoryError', OutOfMemory);
  return () => vi.unstubAllGlobals();
});

it('memory that ran out in a place that nobody watched is raised where values are read next, and told of at once', () => {
  const device = Object.assign(new EventTarget(), { lost: new Promise(() => undefined) });
  const told = vi.fn();
  const faults = new DeviceFaults(device as unknown as GPUDevice, undefined, told);
  device.dispatchEvent(Object.assign(new Event('uncapturederror'), { error: new OutOfMemory() }));
  expect(told).toHaveBeenCalledOnce();
  expect(() => faults.raise()).toThrow(/WEBGPU_OUT_OF_MEMORY/);
  expect(() => faults.raise()).not.toThrow();
});
