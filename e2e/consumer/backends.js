import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';

/** Makes a backend of this name the one that tensors live on. */
export async function use(backend) {
  if (backend === 'wasm') await useWasm();
  else await setBackend(backend);
}
