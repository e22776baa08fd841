import { TapgradError } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it, vi } from 'vitest';
import { useWasm } from './index.ts';
import { registerAllKernels } from './kernels/register-all.ts';

afterEach(() => vi.restoreAllMocks());

it('an engine without SIMD gets a coded error, and may try again', async () => {
  // A copy that has not started yet, whatever the files before this one did: what has started is not checked again.
  const copy = './use-wasm.ts?not-started';
  const { useWasm }: typeof import('./use-wasm.ts') = await import(copy);
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
  const failure = await useWasm().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TapgradError);
  expect(failure).toMatchObject({ code: 'WASM_UNSUPPORTED' });
  vi.restoreAllMocks();
  await useWasm();
  expect(tf.getBackend()).toBe('wasm');
});

it('a second call and a second registration change nothing', async () => {
  await useWasm();
  const kernel = tf.getKernel('BatchMatMul', 'wasm');
  registerAllKernels();
  await Promise.all([useWasm(), useWasm()]);
  expect(tf.getKernel('BatchMatMul', 'wasm')).toBe(kernel);
});

it("tfjs's single-threaded binary is chosen, in whose heap own kernels work", async () => {
  await useWasm();
  expect(tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT')).toBe(false);
});
