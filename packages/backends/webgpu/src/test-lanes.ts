import { backend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { useWebgpu } from './index.ts';
import type { TrainingBackend } from './training-backend.ts';

/** A suite of which each test runs twice: as this adapter does it, on a CPU among lanes, and by workgroup memory, as GPUs do it. */
export function describeOnBoth(name: string, suite: () => void): void {
  describe(name, suite);
  describe(`${name}, by workgroup memory`, () => {
    let restore = () => {};
    beforeAll(async () => {
      await useWebgpu();
      restore = withoutLanes();
    });
    afterAll(() => restore());
    suite();
  });
}

/** From now on kernels share values by workgroup memory, until what is returned is called. */
export function withoutLanes(): () => void {
  const gpu = backend() as TrainingBackend;
  const { lanes } = gpu;
  gpu.lanes = 0;
  return () => {
    gpu.lanes = lanes;
  };
}
