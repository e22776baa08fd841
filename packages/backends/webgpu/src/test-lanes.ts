import { backend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { useWebgpu } from './index.ts';
import { reorderInvocations } from './test-order.ts';
import type { TrainingBackend } from './training-backend.ts';

/**
 * A suite of which each test runs twice: as this adapter does it, on a CPU among lanes, and by workgroup memory, as GPUs do it, the invocations of a
 * workgroup in reverse order.
 */
export function describeOnBoth(name: string, suite: () => void): void {
  describe(name, suite);
  describe(`${name}, by workgroup memory`, () => {
    const restore: (() => void)[] = [];
    beforeAll(async () => {
      await useWebgpu();
      restore.push(withoutLanes(), reorderInvocations('reversed').restore);
    });
    afterAll(() => {
      for (const each of restore) each();
    });
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
