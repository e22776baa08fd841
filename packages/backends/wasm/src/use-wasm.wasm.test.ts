import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { useWasm } from './index.ts';
import { registerAllKernels } from './kernels/register-all.ts';

it('one call makes wasm the backend; a second call and a second registration change nothing', async () => {
  await useWasm();
  expect(tf.getBackend()).toBe('wasm');
  const kernel = tf.getKernel('BatchMatMul', 'wasm');
  registerAllKernels();
  await Promise.all([useWasm(), useWasm()]);
  expect(tf.getKernel('BatchMatMul', 'wasm')).toBe(kernel);
});
