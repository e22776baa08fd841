import { useBackend } from '@tapgrad/backend-auto';
import { setBackend } from '@tensorflow/tfjs-core';
import type { BackendOption } from './options.ts';

/** Sets up where the kernels run. @returns the backend that runs now */
export async function startBackend(name: BackendOption): Promise<string> {
  if (name !== 'cpu') return useBackend({ backend: name });
  await import('@tensorflow/tfjs-backend-cpu');
  await setBackend(name);
  return name;
}
