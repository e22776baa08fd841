import { expect, it } from 'vitest';
import { requestDevice } from './device.ts';

const gpuWith = (adapter: object | null) => ({ requestAdapter: async () => adapter }) as unknown as GPU;

it('an early WebGPU, without what adapters say of themselves, is refused with a code, so that `auto` goes on with wasm', async () => {
  const early = gpuWith({ features: new Set(), limits: {} });
  await expect(requestDevice(early, {})).rejects.toMatchObject({ code: 'WEBGPU_UNSUPPORTED' });
});

it.each([
  ['Mesa llvmpipe', 'the only adapter (Mesa llvmpipe) is a software adapter'],
  ['', 'the only adapter is a software adapter'],
])('a software adapter that says it is %j is refused by that name, if it has one', async (description, reason) => {
  const software = gpuWith({ info: { isFallbackAdapter: true, description, vendor: '' }, features: new Set() });
  await expect(requestDevice(software, { softwareAdapter: false })).rejects.toMatchObject({ reason });
});

it('no adapter is an error that says what to install', async () => {
  await expect(requestDevice(gpuWith(null), {})).rejects.toMatchObject({
    code: 'WEBGPU_NO_ADAPTER',
    fix: expect.stringContaining('mesa-vulkan-drivers'),
  });
});
