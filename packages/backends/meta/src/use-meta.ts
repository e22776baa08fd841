import { findBackendFactory, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import { BACKEND, MetaBackend } from './backend.ts';
import { registerAllKernels } from './kernels/register-all.ts';

/**
 * Makes meta the backend: from here on, ops compute shapes and nothing else. May be called any number of times.
 * Tensors of other backends keep their data, and may be mixed with those made here.
 */
export async function useMeta(): Promise<void> {
  registerAllKernels();
  // With the lowest priority, so that no program gets it which has not asked for it.
  if (!findBackendFactory(BACKEND)) registerBackend(BACKEND, () => new MetaBackend(), -1);
  await setBackend(BACKEND);
}
