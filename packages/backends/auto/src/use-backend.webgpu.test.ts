import { getBackend } from '@tensorflow/tfjs-core';
import { afterEach, expect, it, vi } from 'vitest';
import { useBackend } from './index.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('is wasm where nothing is said', async () => {
  vi.stubEnv('TAPGRAD_BACKEND', '');
  expect(await useBackend()).toBe('wasm');
  expect(getBackend()).toBe('wasm');
});

it('is wasm where the engine does not let the environment be read, as Deno may not', async () => {
  const descriptor = Object.getOwnPropertyDescriptor(process, 'env') as PropertyDescriptor;
  const env = new Proxy(process.env, {
    get(target, name) {
      if (name === 'TAPGRAD_BACKEND') throw new Error('NotCapable');
      return Reflect.get(target, name);
    },
  });
  Object.defineProperty(process, 'env', { ...descriptor, value: env });
  try {
    expect(await useBackend()).toBe('wasm');
  } finally {
    Object.defineProperty(process, 'env', descriptor);
  }
});

it('takes what TAPGRAD_BACKEND names, and the option before it', async () => {
  vi.stubEnv('TAPGRAD_BACKEND', 'webgpu');
  expect(await useBackend()).toBe('webgpu');
  expect(getBackend()).toBe('webgpu');
  expect(await useBackend({ backend: 'wasm' })).toBe('wasm');
  expect(getBackend()).toBe('wasm');
});

it('takes WebGPU by itself where there is a GPU; where there is none it says so and takes wasm', async () => {
  vi.stubEnv('TAPGRAD_BACKEND', 'auto');
  await useBackend({ backend: 'webgpu' });
  const adapter = await navigator.gpu.requestAdapter();
  const lines: string[] = [];
  const name = await useBackend({ log: (line) => lines.push(line) });
  expect(getBackend()).toBe(name);
  expect(name).toBe(adapter?.info.isFallbackAdapter ? 'wasm' : 'webgpu');
  if (name === 'wasm') expect(lines.join()).toMatch(/WebAssembly.*software adapter/);
  else expect(lines).toEqual([]);
});

it('refuses a name that is none', async () => {
  vi.stubEnv('TAPGRAD_BACKEND', 'metal');
  await expect(useBackend()).rejects.toThrow(
    expect.objectContaining({ code: 'BACKEND_UNKNOWN', message: expect.stringContaining('auto, wasm, webgpu') }),
  );
});
