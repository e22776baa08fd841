import { useWasm } from '@tapgrad/backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';

/** Sets up where the kernels run. */
export async function startBackend(name: 'wasm' | 'cpu'): Promise<void> {
  if (name === 'wasm') {
    await useWasm();
    return;
  }
  await import('@tensorflow/tfjs-backend-cpu');
  await setBackend('cpu');
}
